"""The boards, in the order in which a hold meets what they show."""

from infra.grafana.boards.admission import ADMISSION
from infra.grafana.boards.allocator import ALLOCATOR
from infra.grafana.boards.expiry import EXPIRY
from infra.grafana.boards.ingress import INGRESS
from infra.grafana.boards.notifier import NOTIFIER
from infra.grafana.boards.servers import SERVERS
from infra.grafana.boards.slo import SLO

BOARDS = (SLO, ADMISSION, INGRESS, ALLOCATOR, NOTIFIER, EXPIRY, SERVERS)
