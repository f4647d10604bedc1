"""What people can do on the workspace's page, with a small Bolt app behind it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page, expect
from slack_bolt import Ack
from slack_bolt import App as BoltApp
from slack_sdk import WebClient

from bot.workspace import Server, Workspace

from ..stage import until
from ..workspace.stage import BOT_TOKEN, SECRET, Clock, HttpApp, Stage, set_stage

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

OpenPage = Callable[..., Page]
Payload = dict[str, Any]
AUDIT = (Path(__file__).parent / "audit.js").read_text(encoding="utf-8")
OVERLAPS = """[...document.querySelectorAll('.message')].flatMap((message) => {
  const tools = message.querySelector('.tools')?.getBoundingClientRect();
  return tools ? [...message.querySelectorAll('.head > *')].filter((word) => {
    const box = word.getBoundingClientRect();
    return box.right > tools.left && box.left < tools.right && box.bottom > tools.top && box.top < tools.bottom;
  }).map((word) => word.textContent) : [];
})"""
PHONE = {"width": 390, "height": 844}


def plain(text: str) -> Payload:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Payload:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def png(width: int, height: int) -> bytes:
    """A grey picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + b"\xcc" * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


FORM: Payload = {
    "type": "modal",
    "callback_id": "note",
    "title": plain("Keep a note"),
    "submit": plain("Keep"),
    "blocks": [
        {
            "type": "input",
            "block_id": "text",
            "label": plain("What should be kept?"),
            "element": {"type": "plain_text_input", "action_id": "typed", "multiline": True},
        },
        {
            "type": "input",
            "block_id": "kind",
            "label": plain("Kind"),
            "element": {
                "type": "radio_buttons",
                "action_id": "chosen",
                "options": [{"text": plain("Note"), "value": "note"}, {"text": plain("Action"), "value": "action"}],
            },
        },
    ],
}


@dataclass
class Room:
    """A stage with an app that answers, and what it was sent."""

    stage: Stage
    clicks: list[Payload] = field(default_factory=list)
    forms: list[Payload] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.stage.server.url}#{self.stage.channel}"

    def texts(self) -> list[str]:
        return [message["text"] for message in self.stage.workspace.messages(self.stage.channel)]


def listen(bolt: BoltApp, room: Room) -> None:
    @bolt.command("/parley")
    def command(ack: Ack, body: Payload, client: WebClient) -> None:
        if body["text"] == "form":
            client.views_open(trigger_id=body["trigger_id"], view=FORM)
            ack()
        else:
            ack(f"You asked for *{body['text']}*.")

    def click(ack: Ack, body: Payload) -> None:
        room.clicks.append(body)
        ack()

    for name in ("again", "more", "as", "stop"):
        bolt.action(name)(click)

    @bolt.view("note")
    def form(ack: Ack, body: Payload) -> None:
        room.forms.append(body)
        text = body["view"]["state"]["values"]["text"]["typed"]["value"]
        if len(text) < 10:
            ack(response_action="errors", errors={"text": "A few more words, please."})
        else:
            ack()

    bolt.event("message")(lambda: None)
    bolt.event("app_mention")(lambda: None)


@pytest.fixture
def room() -> Iterator[Room]:
    clock = Clock()
    with Workspace(clock=clock, team_name="Retail") as workspace, Server(workspace) as server:
        workspace.file_seconds = 0
        client = WebClient(BOT_TOKEN, base_url=server.api_url)
        bolt = BoltApp(
            name="test",
            client=client,
            signing_secret=SECRET,
            process_before_response=True,
            token_verification_enabled=False,
        )
        app = HttpApp(bolt)
        room = Room(set_stage(workspace, server, clock, request_url=app.url))
        listen(bolt, room)
        yield room
        app.stop()


def upload(stage: Stage, *, alt_text: str) -> str:
    content = png(1200, 630)
    answer = stage.client.files_getUploadURLExternal(filename="trend.png", length=len(content), alt_txt=alt_text)
    httpx2.post(answer["upload_url"], content=content)
    stage.client.files_completeUploadExternal(files=[{"id": answer["file_id"]}])
    assert stage.workspace.settle()
    return str(answer["file_id"])


def card(room: Room) -> str:
    """A card with a picture and every kind of control."""
    sure = {
        "title": plain("Stop?"),
        "text": plain("It cannot go on."),
        "confirm": plain("Stop it"),
        "deny": plain("No"),
    }
    option = {"text": plain("Trend"), "value": "trend"}
    file = upload(room.stage, alt_text="recall fell")
    blocks: list[Payload] = [
        {"type": "header", "text": plain(":red_circle: return-risk fails")},
        mrkdwn("In *Portugal* it misses _many_ returns; see <https://example.org/a|the list>."),
        {
            "type": "image",
            "slack_file": {"id": file},
            "alt_text": "Recall fell from 0.8 to 0.6",
            "title": plain("Recall"),
        },
        {
            "type": "actions",
            "elements": [
                {"type": "button", "action_id": "again", "text": plain("Again"), "value": "E-1", "style": "primary"},
                {"type": "button", "action_id": "stop", "text": plain("Stop"), "value": "E-1", "confirm": sure},
                {"type": "overflow", "action_id": "more", "options": [option]},
                {"type": "static_select", "action_id": "as", "placeholder": plain("Read as"), "options": [option]},
            ],
        },
        {"type": "context", "elements": [{"type": "mrkdwn", "text": f"asked by <@{room.stage.ann}>"}]},
    ]
    return room.stage.post("return-risk fails", blocks=blocks)


def test_what_a_person_writes_stands_there_formatted_and_reaches_the_channel(room: Room, open_page: OpenPage) -> None:
    page = open_page(room.url)
    field = page.get_by_label("Message #return-risk")
    field.fill("The *supplier* changed & we missed it")
    field.press("Enter")
    expect(page.get_by_role("log", name="Messages").locator("strong", has_text="supplier")).to_be_visible()
    assert room.texts() == ["The *supplier* changed &amp; we missed it"]
    expect(field).to_have_value("")


def test_foreign_text_stays_text(room: Room, open_page: OpenPage) -> None:
    evil = "<img src=x onerror=\"document.title='gone'\"><script>document.title='gone'</script>"
    room.stage.workspace.say(room.stage.ann, room.stage.channel, evil)
    room.stage.post(
        "x",
        blocks=[
            {"type": "header", "text": plain(evil)},
            mrkdwn(
                f'<javascript:alert(1)|press> {evil.replace("<", "&lt;")} <https://x.example/"onmouseover=alert(1)|y>'
            ),
        ],
    )
    page = open_page(room.url)
    expect(page.get_by_role("heading", name="<img src=x")).to_be_visible()
    expect(page.locator("#messages img, #messages script")).to_have_count(0)
    expect(page.locator("#messages a[href^='javascript']")).to_have_count(0)
    assert page.title() == "Retail"


def test_a_card_shows_at_once_with_its_picture_and_its_links(room: Room, open_page: OpenPage) -> None:
    page = open_page(room.url)
    expect(page.get_by_role("heading", name="# return-risk")).to_be_visible()
    card(room)
    expect(page.get_by_role("heading", name="return-risk fails")).to_be_visible()
    picture = page.get_by_role("img", name="Recall fell from 0.8 to 0.6")
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("naturalWidth", 1200)
    box = picture.bounding_box()
    assert box is not None
    assert box["width"] > 600
    expect(page.get_by_role("link", name="the list")).to_have_attribute("rel", "noopener noreferrer")
    expect(page.locator(".mention", has_text="@Ann Example")).to_be_visible()
    page.get_by_role("button", name="Show in full size").click()
    expect(page.get_by_role("dialog").get_by_role("img")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_buttons_and_menus_reach_the_app_after_their_question(room: Room, open_page: OpenPage) -> None:
    card(room)
    page = open_page(room.url)

    def arrived(*expected: str) -> None:
        """Each is waited for: two clicks within milliseconds travel side by side, and may overtake each other."""
        until(lambda: len(room.clicks) >= len(expected))
        assert [click["actions"][0]["action_id"] for click in room.clicks] == list(expected)

    page.get_by_role("button", name="Again").click()
    arrived("again")
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("dialog").get_by_role("button", name="No").click()
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop it").click()
    arrived("again", "stop")
    page.get_by_label("More actions").click()
    page.get_by_role("button", name="Trend").click()
    arrived("again", "stop", "more")
    page.get_by_label("Read as").select_option("trend")
    arrived("again", "stop", "more", "as")
    assert {click["user"]["id"] for click in room.clicks} == {room.stage.ann}


def test_the_answer_to_a_command_is_seen_by_its_person_only(room: Room, open_page: OpenPage) -> None:
    anns, bobs = open_page(room.url), open_page(room.url, you=room.stage.bob)
    field = anns.get_by_label("Message #return-risk")
    field.fill("/parley models")
    field.press("Enter")
    expect(anns.get_by_text("Only visible to you")).to_be_visible()
    expect(anns.locator(".ephemeral strong", has_text="models")).to_be_visible()
    expect(bobs.get_by_role("heading", name="# return-risk")).to_be_visible()
    expect(bobs.locator(".ephemeral")).to_have_count(0)
    anns.locator(".ephemeral").hover()
    anns.get_by_role("button", name="Dismiss this message").click()
    expect(anns.locator(".ephemeral")).to_have_count(0)


def test_a_thread_is_opened_answered_edited_and_cleared(room: Room, open_page: OpenPage) -> None:
    parent = card(room)
    page = open_page(room.url)
    page.locator(".message", has_text="return-risk fails").hover()
    page.get_by_role("button", name="Reply in thread").click()
    thread = page.get_by_role("complementary", name="Thread")
    thread.get_by_label("Reply…").fill("a suplier")
    thread.get_by_label("Reply…").press("Enter")
    reply = thread.locator(".message", has_text="a suplier")
    expect(reply).to_be_visible()
    expect(page.get_by_role("button", name="1 reply")).to_be_visible()
    reply.hover()
    reply.get_by_role("button", name="Edit this message").click()
    thread.get_by_label("Edit the message").fill("a supplier of @bob, I think")
    thread.get_by_label("Edit the message").press("Enter")
    expect(thread.get_by_text("(edited)")).to_be_visible()
    stage = room.stage
    assert [r["text"] for r in stage.workspace.replies(stage.channel, parent)] == [
        f"a supplier of <@{stage.bob}>, I think"
    ]
    thread.locator(".message", has_text="a supplier").hover()
    thread.get_by_role("button", name="Delete this message").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(thread.get_by_text("a supplier")).to_have_count(0)
    assert stage.workspace.replies(stage.channel, parent) == []
    page.keyboard.press("Escape")
    expect(thread).to_be_hidden()


def test_who_opens_a_thread_by_its_link_writes_there(room: Room, open_page: OpenPage) -> None:
    parent = room.stage.post("a card")
    page = open_page(f"{room.url}/{parent}")
    expect(page.get_by_label("Reply…")).to_be_focused()
    page.goto(room.url)
    page.reload()
    expect(page.get_by_label("Message #return-risk")).to_be_focused()


def test_a_command_in_a_thread_is_refused_there(room: Room, open_page: OpenPage) -> None:
    parent = room.stage.post("a card")
    page = open_page(f"{room.url}/{parent}")
    field = page.get_by_label("Reply…")
    field.fill("/parley help")
    field.press("Enter")
    thread = page.get_by_role("complementary", name="Thread")
    expect(thread.get_by_text("/parley is not supported in threads. Sorry!")).to_be_visible()


def test_one_can_be_somebody_else_and_sees_titles(room: Room, open_page: OpenPage) -> None:
    page = open_page(room.url)
    page.get_by_label("You are").select_option(label="Bob Example, Product manager")
    field = page.get_by_label("Message #return-risk")
    field.fill("hello @an")
    page.get_by_role("listbox", name="People").get_by_role("option", name="ann").wait_for()
    field.press("Enter")
    field.press("Enter")
    message = page.locator(".message", has_text="hello")
    expect(message.get_by_text("Product manager")).to_be_visible()
    assert room.texts() == [f"hello <@{room.stage.ann}>"]
    page.reload()
    expect(page.get_by_label("You are")).to_have_value(room.stage.bob)


def test_a_form_is_filled_in_corrected_and_sent(room: Room, open_page: OpenPage) -> None:
    page = open_page(room.url)
    field = page.get_by_label("Message #return-risk")
    field.fill("/parley form")
    field.press("Enter")
    form = page.get_by_role("dialog", name="Keep a note")
    form.get_by_role("button", name="Keep", exact=True).click()
    expect(form.get_by_text("Please complete this required field.")).to_have_count(2)
    form.get_by_label("What should be kept?").fill("short")
    form.get_by_label("Action").check()
    form.get_by_role("button", name="Keep", exact=True).click()
    expect(form.get_by_text("A few more words, please.")).to_be_visible()
    form.get_by_label("What should be kept?").fill("a supplier changed the names")
    form.get_by_role("button", name="Keep", exact=True).click()
    expect(form).to_have_count(0)
    values = room.forms[-1]["view"]["state"]["values"]
    assert values["text"]["typed"]["value"] == "a supplier changed the names"
    assert values["kind"]["chosen"]["selected_option"]["value"] == "action"


def test_a_link_to_a_message_opens_its_thread_here(room: Room, open_page: OpenPage) -> None:
    stage = room.stage
    other = stage.workspace.add_channel("outfit-ranker", members=[stage.ann, stage.bob])
    parent = stage.workspace.say(stage.bob, other, "what is linen-blend?")
    reply = stage.workspace.say(stage.ann, other, "a supplier renamed it", thread=parent)
    stage.workspace.invite(other, stage.app.bot_user)
    address = stage.client.chat_getPermalink(channel=other, message_ts=reply)["permalink"]
    stage.post("said before", blocks=[mrkdwn(f"said before: <{address}|A-8>")])
    page = open_page(room.url)
    page.get_by_role("link", name="A-8").click()
    thread = page.get_by_role("complementary", name="Thread")
    expect(thread.get_by_text("a supplier renamed it")).to_be_visible()
    expect(page.get_by_role("heading", name="# outfit-ranker")).to_be_visible()
    page.goto(address)
    expect(thread.get_by_text("a supplier renamed it")).to_be_visible()


def test_unread_channels_stand_out_and_a_channel_can_be_joined(room: Room, open_page: OpenPage) -> None:
    stage = room.stage
    other = stage.workspace.add_channel("outfit-ranker", members=[stage.bob])
    page = open_page(room.url)
    expect(page.get_by_role("button", name="outfit-ranker")).to_be_visible()
    stage.workspace.say(stage.bob, other, "news")
    page.get_by_role("button", name="# outfit-ranker (unread)").click()
    expect(page.get_by_text("news")).to_be_visible()
    page.get_by_role("button", name="Join").click()
    expect(page.get_by_label("Message #outfit-ranker")).to_be_visible()


def test_after_a_stop_of_the_server_the_page_is_back_and_knows_what_it_missed(room: Room, open_page: OpenPage) -> None:
    page = open_page(room.url)
    expect(page.get_by_role("heading", name="# return-risk")).to_be_visible()
    room.stage.server.stop()
    expect(page.get_by_role("alert")).to_contain_text("does not answer")
    room.stage.workspace.say(room.stage.bob, room.stage.channel, "said meanwhile")
    with Server(room.stage.workspace, room.stage.server.port):
        expect(page.get_by_text("said meanwhile")).to_be_visible()
        expect(page.get_by_role("alert")).to_be_hidden()


def test_a_phone_shows_one_pane_at_a_time_and_never_scrolls_sideways(room: Room, open_page: OpenPage) -> None:
    card(room)
    page = open_page(room.stage.server.url, size=PHONE, has_touch=True)
    sidebar, channel = page.get_by_role("navigation", name="Channels"), page.get_by_role("main")
    thread = page.get_by_role("complementary", name="Thread")
    expect(sidebar).to_be_visible()
    expect(channel).to_be_hidden()
    page.get_by_role("button", name="# return-risk").tap()
    expect(channel).to_be_visible()
    expect(sidebar).to_be_hidden()
    page.get_by_role("button", name="Reply in thread").tap()
    expect(thread).to_be_visible()
    expect(channel).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert page.evaluate(
        "document.querySelector('#replies').scrollWidth <= document.querySelector('#replies').clientWidth"
    )
    page.get_by_role("button", name="Back to the channel", exact=True).tap()
    page.get_by_role("button", name="Back to the channels", exact=True).tap()
    expect(sidebar).to_be_visible()


@pytest.mark.parametrize("touch", [True, False])
def test_on_a_phone_the_tools_of_a_message_lie_on_no_name(touch: bool, room: Room, open_page: OpenPage) -> None:
    who = room.stage.workspace.add_person("carla", real_name="Carla Montgomery", title="Returns operations manager")
    channel = room.stage.workspace.add_channel("long-names", members=(who,))
    room.stage.workspace.say(who, channel, "my own message has three tools")
    page = open_page(f"{room.stage.server.url}#{channel}", size=PHONE, has_touch=touch, is_mobile=touch, you=who)
    own = page.locator(".message", has_text="three tools")
    own.hover()
    expect(own.locator(".tools .icon")).to_have_count(3)
    assert page.evaluate(OVERLAPS) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_has_a_name_and_enough_contrast(scheme: str, room: Room, open_page: OpenPage) -> None:
    parent = card(room)
    room.stage.workspace.say(room.stage.bob, room.stage.channel, "a *reply* with `code`", thread=parent)
    page = open_page(f"{room.url}/{parent}", color_scheme=scheme)
    expect(page.get_by_role("complementary", name="Thread").locator("code")).to_be_visible()
    assert page.evaluate(AUDIT) == {"unnamed": [], "faint": []}
    for role, name in (("navigation", "Channels"), ("main", "# return-risk"), ("complementary", "Thread")):
        expect(page.get_by_role(role, name=name)).to_be_visible()  # type: ignore[arg-type]  # three of the roles


def test_the_keyboard_alone_is_enough(room: Room, open_page: OpenPage) -> None:
    room.stage.post("a card")
    page = open_page(room.url)
    expect(page.get_by_label("Message #return-risk")).to_be_focused()
    for _ in range(4):  # composer, messages, and back to the message's tool
        if page.evaluate("document.activeElement.dataset.focus") == "reply":
            break
        page.keyboard.press("Shift+Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    expect(page.get_by_label("Reply…")).to_be_focused()
    page.keyboard.type("with the keyboard")
    page.keyboard.press("Enter")
    expect(page.get_by_role("complementary", name="Thread").get_by_text("with the keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.dataset.focus") == "reply"


def test_no_other_site_can_drive_the_workspace(room: Room) -> None:
    stage = room.stage
    given = {"user": stage.ann, "channel": stage.channel, "text": "forged"}
    address = f"{stage.server.url}page/do/say"
    own = {"X-Workspace-Page": "1"}
    assert httpx2.post(address, json=given).status_code == 403
    assert httpx2.post(address, json=given, headers=own | {"Origin": "https://evil.example"}).status_code == 403
    assert httpx2.post(address, json=given, headers=own | {"Host": "evil.example"}).status_code == 403
    assert room.texts() == []
    page = httpx2.get(stage.server.url)
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert "access-control-allow-origin" not in page.headers
    assert httpx2.post(address, json=given, headers=own | {"Origin": stage.server.url.rstrip("/")}).status_code == 200


def test_an_uploaded_page_is_never_run(room: Room) -> None:
    stage = room.stage
    stage.workspace.share(stage.ann, stage.channel, "evil.html", b"<script>alert(1)</script>")
    file = stage.workspace.messages(stage.channel)[0]["files"][0]["id"]
    answer = httpx2.get(f"{stage.server.url}page/files/{file}")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == "attachment"
    assert "sandbox" in answer.headers["content-security-policy"]
