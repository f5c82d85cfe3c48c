"""The client library under test: ib_insync, or ib_async where that is installed instead.

Both have the same names; what they make of some answers differs (TWS_PROTOCOL 3).
"""

from importlib import import_module, util
from typing import Any

LIBRARY = "ib_insync" if util.find_spec("ib_insync") else "ib_async"
_library: Any = import_module(LIBRARY)

IB = _library.IB
ContractDetails = _library.ContractDetails
ExecutionFilter = _library.ExecutionFilter
Index = _library.Index
LimitOrder = _library.LimitOrder
MarketOrder = _library.MarketOrder
Option = _library.Option
Order = _library.Order
ScannerSubscription = _library.ScannerSubscription
Stock = _library.Stock
StopOrder = _library.StopOrder
TagValue = _library.TagValue
