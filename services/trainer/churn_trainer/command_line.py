"""The commands: train, train on request, look after releases, and draft the declaration of a table.

Exit codes: 0 done or nothing to do; 2 the table, the settings or the arguments have to be changed first; 1 anything
else failed.
"""

import argparse
import importlib
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churn import logs, release
from churn.errors import ChurnError, ConfigurationError
from churn.store.interface import ObjectStore
from churn.store.opening import open_store
from churn_trainer import memory, watch
from churn_trainer.console import Console
from churn_trainer.data import declared, sources
from churn_trainer.errors import INPUT, BrokenTable, DraftNotWritten
from churn_trainer.gates import reference
from churn_trainer.publishing import pruning, releases, resume, states
from churn_trainer.publishing.fingerprint import fingerprint
from churn_trainer.settings import TrainerSettings

if TYPE_CHECKING:
    from churn_trainer.run import Run

log = logging.getLogger(__name__)

_DEFAULT_KEEP = 5

# Errors that will come again until somebody changes the table, its declaration, the settings or the arguments.
_PERMANENT = (*INPUT, DraftNotWritten, ConfigurationError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, that of the process if no `arguments` are given; returns the exit code."""
    given = _with_default(sys.argv[1:] if arguments is None else arguments)
    if given[0] == "watch":  # where the process begins with it, __main__ spares it what is imported here
        return watch.main(given[1:])
    options = _parser().parse_args(given)
    is_draft = options.command == "inspect"
    console = Console(sys.stderr if is_draft and options.out == "-" else sys.stdout)
    try:
        if is_draft:
            # By name, for it is no part of a run: no other command waits for it, and changing it causes no training.
            command = importlib.import_module("churn_trainer.inspect.command")
            command.inspect(options.file, options.out, options.outcome, console, force=options.force)
        else:
            _start(options, console)
    except KeyboardInterrupt:
        console.say("Stopped. What was in service is so still.")
        return 130  # as a shell has it for Ctrl-C
    except ChurnError as error:
        console.say(f"Error: {error.message}")
        # Logging is configured by the settings: it cannot report that they are wrong, and a draft has none.
        if not is_draft and not isinstance(error, ConfigurationError):
            log.error("%s", error.error_type, extra=_facts(error))
        return 2 if isinstance(error, _PERMANENT) else 1
    except Exception as error:  # any other message may quote a customer, so only type and traceback are logged
        console.say(f"Error: {type(error).__name__}, which is a fault of this program; its log tells where.")
        log.exception("unforeseen")
        return 1
    return 0


def _facts(error: ChurnError) -> dict[str, Any]:
    """What may be logged of an error; of a table's faults only their number, because they quote cells and ids."""
    return {"faults": len(error.faults)} if isinstance(error, BrokenTable) else {"error": error.message}


def _with_default(arguments: Sequence[str]) -> list[str]:
    """The arguments with `train` put in front where they name no command."""
    asked_for_help = {"-h", "--help"} & set(arguments)
    if asked_for_help or (arguments and not arguments[0].startswith("-")):
        return list(arguments)
    return ["train", *arguments]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="churn_trainer", description="Train, publish and release churn models.")
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train", help="train on the table there is, unless nothing has changed (the default)")
    train.add_argument("--force", action="store_true", help="train although data and code are those of a release")
    retrain = commands.add_parser("retrain", help="train if a training is asked for, on what was tracked as well")
    retrain.add_argument("--force", action="store_true", help="ask for one today, however many there were")
    commands.add_parser("watch", help="wait for requests, and do each training in a process of its own")
    commands.add_parser("reset-online", help="forget what the online challenger has learned since it began")
    commands.add_parser("list", help="list the releases, the newest first")
    show = commands.add_parser("show", help="print a release's manifest")
    show.add_argument("version")
    promote = commands.add_parser("promote", help="put a release into service")
    promote.add_argument("version")
    rollback = commands.add_parser(
        "rollback",
        help="go back to the newest older release that has served, after a promotion to the former champion",
    )
    rollback.add_argument("version", nargs="?", help="the release to go back to instead")
    prune = commands.add_parser("prune", help="delete old releases that nothing needs")
    prune.add_argument(
        "--keep", type=_count, default=_DEFAULT_KEEP, metavar="N", help="how many of the newest stay (5)"
    )
    draft = commands.add_parser("inspect", help="draft the declaration of a table, and list what a person must decide")
    draft.add_argument("file", type=_path, help="the table: CSV, TSV, Excel or Parquet")
    draft.add_argument("--out", help="where the draft goes, - for standard output (customer.toml beside the table)")
    draft.add_argument("--outcome", metavar="COLUMN", help="the column that says who left, where it is not found")
    draft.add_argument("--force", action="store_true", help="replace a file that is there")
    return parser


def _path(text: str) -> Path:
    return Path(text).expanduser()


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return count


def _start(options: argparse.Namespace, console: Console) -> None:
    """Run a command that needs the settings and the store."""
    settings = TrainerSettings.load()
    logs.configure(settings, "trainer")
    store = open_store(settings.store_url)
    if settings.env == "development":
        store.ensure_bucket()
    _run(options, settings, store, console)


def _run(options: argparse.Namespace, settings: TrainerSettings, store: ObjectStore, console: Console) -> None:
    match options.command:
        case "train":
            _train(settings, store, console, options.force)
        case "retrain":
            # By name, as `inspect`: `train` does none of it.
            command = importlib.import_module("churn_trainer.retraining")
            command.retrain(settings, store, console, _training, force=options.force)
        case "reset-online":
            command = importlib.import_module("churn_trainer.online.state")
            command.reset(store)
            console.say("The online challenger begins anew at the release in service, at the next `retrain`.")
        case "list":
            _list(store, console)
        case "show":
            manifest = release.manifest(store, options.version)
            console.say(json.dumps(manifest.model_dump(mode="json"), indent=1, ensure_ascii=False))
        case "promote":
            pointer = releases.promote(store, settings, options.version)
            reference.write(store, pointer, "A person put it into service.")
            console.say(f"Released {pointer.version}. Later releases are held to it.")
        case "rollback":
            pointer = releases.rollback(store, settings, options.version)
            reference.write(store, pointer, "A person went back to it.")
            console.say(f"Rolled back to {pointer.version}. Later releases are held to it.")
        case "prune":
            doomed = pruning.prune(store, options.keep)
            console.say(f"Deleted {', '.join(doomed)}." if doomed else "Nothing to delete.")


def _train(settings: TrainerSettings, store: ObjectStore, console: Console, force: bool) -> None:
    schema = declared.find(settings)
    source = sources.find(settings, store, schema)
    print_of = fingerprint(source.sha256, settings, schema)
    if source.passed_over:
        console.say(f"NOTE: {source.passed_over} This run takes {source.name} ({source.kind}).")
        log.warning("a table of another name is passed over", extra={"folder": str(settings.data_dir)})
    if source.kind == "sample":
        console.say(f"NOTE: there is no real data; this is a synthetic sample. Put {schema.file} into CHURN_DATA_DIR.")
    for damaged in resume.finish(store, settings):
        console.say(f"Passed over: {damaged.refusal}")
    if not force and (known := resume.known(store, print_of)):
        _take_known(settings, store, console, known)
        return
    if not force and (learned := resume.learned_since(store, source.sha256, schema.hash)):
        console.say(f"Nothing to do: release {learned}, which is in service, knows this table and outcomes since.")
        console.say("`train --force` trains on the table alone.")
        return
    _training()(settings, store, console).train(source, schema, print_of)


def _take_known(settings: TrainerSettings, store: ObjectStore, console: Console, known: resume.Known) -> None:
    """Use a release of the same data and code: release it if an interrupted run has not, else say what it is."""
    if known.lacks_service:
        reason = (
            "a run broke off before its last step" if known.state.name == states.PUBLISHED else "no other could serve"
        )
        releases.move(store, settings, known.version, releases.replaceable(store), reason)
        console.say(f"Released {known.version}, which was trained on the same data by the same code: {reason}.")
        return
    console.say(f"Nothing to do: release {known.version} was trained on the same data by the same code.")
    if known.state.name == states.HELD_BACK:
        console.say(f"It is held back: {known.state.reason}. `promote {known.version}` would release it nevertheless.")
    console.say("`train --force` trains again.")


def _training() -> "type[Run]":
    """Import what trains, which takes four seconds that no other command needs.

    It is imported in two steps with the file cache given back after each, because all of it at once would be the
    highest memory use of the whole run.
    """
    import matplotlib.backends.backend_agg  # noqa: F401
    import pandas  # noqa: F401

    memory.give_back_files()
    from churn_trainer.run import Run

    memory.give_back_files()
    return Run


def _list(store: ObjectStore, console: Console) -> None:
    found = releases.listed(store)
    if not found:
        console.say("Nothing has been released yet.")
        return
    head = ("Version", "Model", "CV AUC", "Test AUC", "Data", "State", "Since")
    console.table(head, [_row(listed) for listed in found])
    for listed in found:
        if listed.refusal:
            console.say(listed.refusal)
        elif listed.state.reason:
            console.say(f"{listed.version} is {listed.state.name}: {listed.state.reason}.")


def _row(found: releases.Listed) -> tuple[str, ...]:
    version = f"{found.version} ★" if found.in_service else found.version
    if found.manifest is None:
        return (version, "", "", "", "", "in service, damaged" if found.in_service else "damaged", "")
    metrics = found.manifest.metrics
    return (
        version,
        found.manifest.model_name,
        _figure(metrics, "cv", "roc_auc", "mean"),
        _figure(metrics, "test", "roc_auc"),
        str(found.manifest.data.get("source", "")),
        "in service" if found.in_service else found.state.name,
        found.state.at,
    )


def _figure(metrics: Any, *path: str) -> str:
    """A figure of a manifest by its path; empty where it is not there, as other programs may write manifests too."""
    for name in path:
        metrics = metrics.get(name) if isinstance(metrics, dict) else None
    return f"{metrics:.4f}" if isinstance(metrics, int | float) else ""
