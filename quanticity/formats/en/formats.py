"""How instants look in the admin: sortable, to the second, with their zone."""

DATETIME_FORMAT = "Y-m-d H:i:s T"
SHORT_DATETIME_FORMAT = DATETIME_FORMAT
TIME_FORMAT = "H:i:s"
DATE_FORMAT = "Y-m-d"
