"""The interface with all its routes."""

from api import interface as making
from api.routes import firms, projects, scores, versions

interface = making.build()
for module in (firms, projects, versions, scores):
    interface.add_router("", module.router)
