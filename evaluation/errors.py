"""The tree of errors a user can meet.

EvaluationError
├── UserError            exit 2: something the user gave is wrong; the message says what, where, why and what to do
│   ├── StudyError       a study file or params.yaml
│   ├── DeliveryError    files a district sent
│   │   └── ToleranceError   exit 3: every file was accepted, with too many rows set aside
│   ├── PanelError       a panel file given to `evaluation did`
│   ├── ReleaseError     publishing or reading a release
│   └── StageError       a stage needs what another has not written
├── TryAgainError        exit 75: nothing given is wrong; the machine is busy or full
├── ContractError        a table that crosses a stage breaks its contract: a defect of the program
└── EstimationError      an estimate that cannot be made from these cells
"""


class EvaluationError(Exception):
    """Base of all errors raised on purpose."""

    exit_code = 1


class UserError(EvaluationError):
    """What the user gave is wrong; never carries a person's value."""

    exit_code = 2

    def __init__(self, what: str, *, where: str, fix: str) -> None:
        self.what, self.where, self.fix = what, where, fix
        super().__init__(f"{where}: {what} {fix}")


class StudyError(UserError):
    """A study file or params.yaml is wrong."""


class DeliveryError(UserError):
    """A delivered file cannot be taken."""


class ToleranceError(DeliveryError):
    """More rows of a delivery were set aside than the study tolerates."""

    exit_code = 3


class PanelError(UserError):
    """A panel file, or what is asked of it, does not fit."""


class ReleaseError(UserError):
    """A release cannot be made, published or read."""


class StageError(UserError):
    """A stage needs what an earlier one has not written: it failed, or never ran."""

    def __init__(self, what: str, *, where: str, stage: str, study: str) -> None:
        fix = (f"Stage {stage}, which writes it, has not ended well: run `python -m evaluation.{stage} {study}`, or "
               f"`evaluation run {study}` for all that is missing.")
        super().__init__(what, where=where, fix=fix)


class TryAgainError(EvaluationError):
    """The same command succeeds later: another run is at work, or the disk is full."""

    exit_code = 75


class ContractError(EvaluationError):
    """A table breaks its contract: names table, column, rule and count, never a value."""

    def __init__(self, table: str, column: str, rule: str, count: int) -> None:
        self.table, self.column, self.rule, self.count = table, column, rule, count
        super().__init__(f"table {table}, column {column}: {rule} ({count:,} rows)")


class EstimationError(EvaluationError):
    """No estimate can be made; the message says which units or cells are missing."""
