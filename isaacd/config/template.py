"""The config.toml that a person starts from: every key, commented out, with what it is for."""

from textwrap import wrap

from isaacd.config.tree import Leaf, Names, Node, Table, schema_tree, to_toml

_WIDTH = 100
_HEAD = """\
# Isaac's configuration. Every line here is a comment and shows a default: take away the `#` to change it.
# `isaacctl config check` tells whether the file is right, `isaacctl config show` what holds and where it is from.
"""


def template(tree: Table | None = None) -> str:
    """Return the file; parsed as it stands, it changes nothing."""
    return _HEAD + "".join(_section(node, (name,)) for name, node in (tree or schema_tree()).fields.items())


def _section(node: Node, key: tuple[str, ...]) -> str:
    if isinstance(node, Names):
        return _section(node.item, (*key, str(node.example))) if isinstance(node.item, Table) else ""
    if isinstance(node, Leaf):
        return ""
    lines = ["", *(f"# {line}" for line in wrap(node.summary, _WIDTH)), f"# [{'.'.join(key)}]"]
    below = []
    for name, child in node.fields.items():
        if isinstance(child, Leaf):
            lines += [f"#   {line}" for line in wrap(child.description, _WIDTH)]
            lines.append(f"# {name} = {to_toml(child.example if child.default is None else child.default)}")
        elif isinstance(child, Names) and isinstance(child.item, Leaf):
            lines += [f"#   {line}" for line in wrap(child.description, _WIDTH)]
            lines.append(f"# {name} = {to_toml(child.example)}")
        else:
            below.append(_section(child, (*key, name)))
    return "\n".join(lines) + "\n" + "".join(below)
