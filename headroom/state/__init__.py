"""What is kept between requests: values by tenant, the folder that they may lie in, and the key that markers need."""

from headroom.state.opening import open_store
from headroom.state.store import Store, StoreStats
from headroom.state.tenant import tenant_of
from headroom.state.workspace import Workspace

__all__ = ["Store", "StoreStats", "Workspace", "open_store", "tenant_of"]
