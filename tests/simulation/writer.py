"""A decider by hand: turns commands into the batches that a desk would write, over a memory that tests can look at."""

from dataclasses import dataclass, field

from allocator.answer import Moment
from allocator.draft import Draft
from allocator.netting import Batch, Position, net, next_chain
from allocator.seating import decide
from allocator.stock import PartitionState
from ticketing import messages
from ticketing.messages import AnyCommand


@dataclass
class Writer:
    """Follows the cursor from `at` on; `sealed` moves it, so each batch must be applied before the next is made."""

    at: Position
    state: PartitionState
    chain: bytes = bytes(32)
    published_seq: int = 0
    outcomes: list[messages.AnyOutcome] = field(default_factory=list)
    """Those of the last batch."""

    def sealed(self, *commands: AnyCommand, dead: tuple[str, bytes] | None = None) -> Batch:
        """The batch of these commands; `dead` is `(code, raw record)` of one more that could not be decided."""
        first = self.at.next_offset
        draft = Draft(first)
        for offset, command in enumerate(commands, start=first):
            now_ms = max(self.state.last_now_ms, command.sent_at_ms)
            self.state.last_now_ms = now_ms
            for outcome in decide(self.state, command, Moment(now_ms, now_ms, offset)):
                self.state.evolve(command, outcome, draft)
        end = first + len(commands)
        if dead is not None:
            draft.dead.append((end, *dead))
            end += 1
        self.outcomes = draft.outcomes
        payload = messages.encode_outcomes(draft.outcomes)
        self.chain = next_chain(self.chain, payload)
        now_ms = self.state.last_now_ms
        tail = end.to_bytes(32)
        batch = Batch(self.at, end, tail, now_ms, self.published_seq, now_ms, 1, self.chain, payload)
        net(self.state, draft, batch)
        self.at = Position(self.at.part, self.at.epoch, self.at.batch_seq + 1, end)
        return batch
