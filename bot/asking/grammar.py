"""Words into requests and back: the one parser. ``parse(words(command, arguments))`` gives them again, always."""

from __future__ import annotations

import re
from collections.abc import Mapping

from analysis.errors import UserError
from bot.asking.command import Argument, Command
from bot.asking.nearest import near
from storage.database import Json

Asked = tuple[str, dict[str, Json]]

DASH_BEFORE_A_NAME = re.compile(r"(^|\s)[—–](?=[a-z])")
OPTION = re.compile(r"--([a-z][a-z-]*)(?:=|\s+|$)")
QUOTED = re.compile(r'["“”]((?:\\.|[^"“”\\])*)["“”](?=\s|$)', re.DOTALL)


def parse(text: str, commands: Mapping[str, Command]) -> Asked:
    """The command and the arguments in a text that a person typed. Raises UserError that says what to type."""
    rest = text.replace("\u00a0", " ").strip()
    name, rest = _token(rest)
    if not name:
        return "help", {}
    command = commands.get(name.lower())
    if command is None:
        raise UserError(f"There is no command `{name}`{near(name, sorted(commands))} `help` lists them all.")
    return command.name, _arguments(command, rest)


def words(command: Command, arguments: Mapping[str, Json]) -> str:
    """What a person would type for this."""
    parts = [command.name]
    placed = [a for a in command.arguments if a.place != "option" and a.name in arguments]
    for a in command.arguments:
        if a.place == "option" and a.name in arguments:
            parts += [f"--{a.name}", _quoted(a.kind.show(arguments[a.name]))]
    for a in placed:
        shown = a.kind.show(arguments[a.name])
        if a.place == "word":
            parts.append(_quoted(shown))
        else:
            is_plain = not _looks_like_an_option(shown) and _start_of_last_options(command, shown) == len(shown)
            parts.append(shown if is_plain else f"-- {shown}")
    return " ".join(parts)


def _arguments(command: Command, text: str) -> dict[str, Json]:
    found: dict[str, Json] = {}
    placed = [a for a in command.arguments if a.place != "option"]
    options_end = False
    while text := text.lstrip():
        text = text if options_end else DASH_BEFORE_A_NAME.sub(r"\1--", text, count=1) if text[0] in "—–" else text
        if not options_end and re.match(r"--(\s|$)", text):
            options_end, text = True, text[2:]
        elif not options_end and (option := OPTION.match(text)):
            text = _option(command, option, text, found)
        else:
            text = _next_in_place(command, placed, text, found, options_end=options_end)
    missing = [a for a in command.arguments if a.required and a.name not in found]
    if missing:
        raise UserError(f"`{command.name}` needs {' and '.join(_wanted(a) for a in missing)}: {_usage(command)}")
    return {a.name: found[a.name] for a in command.arguments if a.name in found}


def _option(command: Command, option: re.Match[str], text: str, found: dict[str, Json]) -> str:
    argument = command.argument(option[1])
    if argument is None:
        names = [a.name for a in command.arguments]
        raise UserError(f"`{command.name}` has no --{option[1]}{near(option[1], names)} {_usage(command)}")
    value, text = _token(text[option.end() :].lstrip())
    if not value:
        raise UserError(f"--{argument.name} needs a value after it: {argument.help}.")
    _put(argument, value, found)
    return text


def _next_in_place(
    command: Command, placed: list[Argument], text: str, found: dict[str, Json], *, options_end: bool
) -> str:
    argument = next((a for a in placed if a.name not in found), None)
    if argument is None:
        raise UserError(f"I don't know what to do with “{text}”: {_usage(command)}")
    if argument.place == "word":
        value, text = _token(text)
    else:
        end = len(text) if options_end else _start_of_last_options(command, text)
        value, rest = argument.kind.split(text[:end])
        text = rest + text[end:]
    _put(argument, value, found)
    return text


def _start_of_last_options(command: Command, text: str) -> int:
    """Where only options follow: people write the sentence first."""
    ends = (gap.start() for gap in re.finditer(r"\s+(?=--|[—–])", text) if _are_options(command, text[gap.end() :]))
    return next(ends, len(text))


def _are_options(command: Command, text: str) -> bool:
    while text:
        option = OPTION.match(DASH_BEFORE_A_NAME.sub(r"\1--", text, count=1))
        argument = command.argument(option[1]) if option else None
        if option is None or argument is None or argument.place != "option":
            return False
        value, text = _token(DASH_BEFORE_A_NAME.sub(r"\1--", text, count=1)[option.end() :].lstrip())
        if not value:
            return False
        text = text.lstrip()
    return True


def _put(argument: Argument, value: str, found: dict[str, Json]) -> None:
    if argument.name in found:
        raise UserError(f"{argument.name} is given twice; give it once.")
    try:
        found[argument.name] = argument.kind.read(value)
    except UserError as error:
        if argument.place != "option":
            raise
        raise UserError(f"--{argument.name}: {error}") from None


def _token(text: str) -> tuple[str, str]:
    """One word, or what stands in double quotes; an apostrophe is a letter, and a quote that never ends is one too."""
    quoted = QUOTED.match(text)
    if quoted:
        return re.sub(r"\\(.)", r"\1", quoted[1], flags=re.DOTALL), text[quoted.end() :]
    word = re.match(r"\S+", text)
    return (word[0], text[word.end() :]) if word else ("", "")


def _quoted(text: str) -> str:
    if text and not re.search(r'[\s"“”\\]', text) and not _looks_like_an_option(text):
        return text
    return '"' + re.sub(r'(["“”\\])', r"\\\1", text) + '"'


def _looks_like_an_option(text: str) -> bool:
    return text.startswith(("--", "—", "–"))


def _wanted(argument: Argument) -> str:
    """What is missing: `MODEL`, or `the schedule's id, such as S-3`."""
    shape = argument.kind.shape
    return f"{argument.help}, such as {shape}" if any(c.isdigit() for c in shape) and "|" not in shape else shape


def _usage(command: Command) -> str:
    if command.usage == command.examples[0]:
        return f"`{command.usage}`."
    return f"`{command.usage}`, for example `{command.examples[0]}`"
