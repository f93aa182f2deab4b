"""Notices: what is signed is believed, and nothing else."""

import pytest
from standardwebhooks import Webhook

from payments import notices
from payments.provider import Charge, Found, Notice, NoticeForged, NoticeUnreadable, State
from ticketing.clock import SystemClock

SECRET, OTHER = notices.as_secret(b"one"), notices.as_secret(b"another")
NOW = 1_800_000_000_000
PAID = Notice("rsv_1.2", Found(State.PAID, (Charge("c1", 500, "EUR", "card"), Charge("c2", 500, "EUR"))))
DECLINED = Notice("rsv_1.2", Found(State.DECLINED, reason="no money"))


@pytest.mark.parametrize("notice", [PAID, DECLINED])
def test_what_was_said_is_what_is_read(notice: Notice) -> None:
    body = notices.notice_body(notice)
    headers = notices.signed(SECRET, "n1", body, NOW)
    assert notices.read([OTHER, SECRET], headers, body, NOW + 60_000) == notice
    assert notices.decode_news(notices.encode_news(notice)) == notice.found


def test_the_reference_library_believes_it_too() -> None:
    body = notices.notice_body(PAID)
    headers = notices.signed(SECRET, "n1", body, SystemClock().now_ms())
    assert Webhook(SECRET).verify(body, headers)["type"] == "payment.paid"


def test_what_is_forged_old_or_from_the_future_is_not_believed() -> None:
    body = notices.notice_body(PAID)
    good = notices.signed(SECRET, "n1", body, NOW)
    forged: list[tuple[dict[str, str], bytes]] = [
        (notices.signed(OTHER, "n1", body, NOW), body),
        (good, body.replace(b"500", b"900")),
        (good, body + b"\xff"),
        (good | {"webhook-id": "n2"}, body),
        (good | {"webhook-timestamp": str(NOW // 1000 + 1)}, body),
        (good | {"webhook-timestamp": "soon"}, body),
        (good | {"webhook-timestamp": "9" * 40}, body),
        (good | {"webhook-signature": ""}, body),
        (good | {"webhook-signature": "v1,ÿ"}, body),
        (good | {"webhook-signature": "v1, " * 2_000}, body),
        ({}, body),
    ]
    for headers, sent in forged:
        with pytest.raises(NoticeForged):
            notices.read([SECRET], headers, sent, NOW)
    for later in (-301_000, 301_000):
        with pytest.raises(NoticeForged):
            notices.read([SECRET], good, body, NOW + later)


def test_one_good_signature_among_several_will_do() -> None:
    body = notices.notice_body(PAID)
    good = notices.signed(SECRET, "n1", body, NOW)
    both = good | {"webhook-signature": f"v1,bm8= {good['webhook-signature']}"}
    assert notices.read([SECRET], both, body, NOW) == PAID


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"type":"x"}',
        b'{"type":"x","data":{"attempt":"a","state":"perhaps"}}',
        b'{"type":"x","data":{"attempt":"a","state":"paid","charges":[{"reference":"","amount":1,"currency":"EUR"}]}}',
        b'{"type":"x","data":{"attempt":"a","state":"paid","charges":[{"reference":"a\\u0000","amount":1,"currency":""}]}}',
        b'{"type":"x","data":{"attempt":"a","state":"paid","charges":[{"reference":"a","amount":-1,"currency":"EUR"}]}}',
    ],
)
def test_what_is_signed_and_makes_no_sense_is_said_to_be_so(body: bytes) -> None:
    with pytest.raises(NoticeUnreadable):
        notices.read([SECRET], notices.signed(SECRET, "n1", body, NOW), body, NOW)
