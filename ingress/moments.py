"""Times as they are sent: RFC 3339, and nothing else that could be taken for one."""

import re
from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator, TypeAdapter
from pydantic_core import PydanticCustomError

_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_READER: TypeAdapter[datetime] = TypeAdapter(AwareDatetime)


def _read(said: object) -> object:
    if not isinstance(said, str):
        return said
    # pydantic alone would take "0.5" for half a second after 1970.
    if _RFC3339.fullmatch(said) is None:
        raise PydanticCustomError("datetime_parsing", "not a time as 2030-01-31T20:00:00Z")
    return _READER.validate_python(said)


Moment = Annotated[AwareDatetime, BeforeValidator(_read)]
