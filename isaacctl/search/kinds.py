"""Kinds of files by what their names end with, such as `py` or `web`."""

KINDS = {
    "c": "*.c *.h", "cpp": "*.cpp *.cc *.cxx *.hpp *.hh *.hxx *.h", "css": "*.css *.scss *.sass *.less",
    "csv": "*.csv *.tsv", "docker": "Dockerfile* *.dockerfile", "go": "*.go", "html": "*.html *.htm *.xhtml",
    "java": "*.java", "js": "*.js *.mjs *.cjs *.jsx", "json": "*.json *.jsonl *.ndjson", "kotlin": "*.kt *.kts",
    "lua": "*.lua", "make": "Makefile makefile GNUmakefile *.mk *.mak", "md": "*.md *.markdown", "nix": "*.nix",
    "php": "*.php", "pl": "*.pl *.pm", "proto": "*.proto", "py": "*.py *.pyi", "rb": "*.rb Rakefile Gemfile",
    "rs": "*.rs", "sh": "*.sh *.bash *.zsh *.fish .bashrc .zshrc .profile", "sql": "*.sql", "swift": "*.swift",
    "tex": "*.tex *.bib", "toml": "*.toml", "ts": "*.ts *.tsx *.mts *.cts", "txt": "*.txt", "vim": "*.vim .vimrc",
    "web": "*.html *.css *.js *.ts *.jsx *.tsx *.vue *.svelte", "xml": "*.xml *.xsd *.xsl", "yaml": "*.yaml *.yml",
    "zig": "*.zig",
}  # fmt: skip
