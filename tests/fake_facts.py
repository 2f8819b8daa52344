"""Facts about a machine that a test makes up."""

from isaacd.judge.facts import Kind, Repository


class FakeFacts:
    """Knows the paths it was told of; any other is missing if `others` says so."""

    def __init__(
        self,
        kinds: dict[str, Kind] | None = None,
        *,
        others: Kind | None = None,
        links: dict[str, str] | None = None,
        repository: Repository | None = None,
        clean: bool | None = None,
        git_runs: dict[str, bool] | None = None,
    ) -> None:
        self._kinds = kinds or {}
        self._others = others
        self._links = links or {}
        self._repository = repository
        self._clean = clean
        self._git_runs = git_runs or {}

    def kind(self, path: str) -> Kind | None:
        return self._kinds.get(path, self._others)

    def real(self, path: str) -> str:
        return self._links.get(path, path)

    def repository(self, path: str) -> Repository | None:
        found = self._repository
        return found if found is not None and f"{path}/".startswith(f"{found.root}/") else None

    def is_clean(self, repository: Repository, below: str) -> bool | None:
        return self._clean

    def git_runs(self, path: str) -> bool | None:
        return self._git_runs.get(path)
