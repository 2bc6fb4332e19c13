"""The text of a mapping.yaml becomes its keys, or a sentence that says what is wrong with it."""

from __future__ import annotations

import yaml
from pydantic import ValidationError

from evaluation.errors import DeliveryError
from evaluation.ingest.mapping.invalid import in_words
from evaluation.ingest.mapping.layouts import UnknownLayoutError, known_layouts, with_layouts
from evaluation.ingest.mapping.schema import DistrictMapping
from evaluation.params import UniqueKeys


class _Loader(UniqueKeys, yaml.BaseLoader):
    """Every scalar is text; a key given twice is an error."""


def read_mapping(written: bytes | str, *, where: str, folder: str) -> DistrictMapping:
    """Return the mapping; every scalar is text first, so `01` and `yes` stay what they are.

    Raises
    ------
    DeliveryError
        Not UTF-8, not YAML, an unknown, repeated or missing key, or a district other than its folder's. Names file, key
        and way out.
    """
    try:
        text = written.decode("utf-8-sig") if isinstance(written, bytes) else written
        content = with_layouts(yaml.load(text, Loader=_Loader))
        found = DistrictMapping.model_validate(content)
    except UnicodeDecodeError:
        raise DeliveryError("this is not UTF-8 text.", where=where, fix="Save the file as UTF-8.") from None
    except yaml.constructor.ConstructorError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise DeliveryError(f"{error.problem}.", where=f"{where}{line}", fix="Keep one of them.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise DeliveryError("this is not readable YAML.", where=f"{where}{line}",
                            fix="Check indentation and quotes.") from None
    except UnknownLayoutError as error:
        raise DeliveryError(f"there is no layout `{error}`.", where=f"{where}, key layout",
                            fix=f"Known layouts: {', '.join(known_layouts())}.") from None
    except ValidationError as error:
        key, what, fix = in_words(error.errors(), content, DistrictMapping)
        raise DeliveryError(f"{what}.", where=f"{where}, key {key}" if key else where, fix=fix) from None
    if found.district_id != folder:
        raise DeliveryError(f"`district_id` is not the name of its folder `{folder}`.",
                            where=f"{where}, key district_id", fix="Give both the district's id in the study file.")
    return found
