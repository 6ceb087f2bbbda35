"""`parasol study`: ask people which of two pictures they prefer, and tell what they said."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from parasol.apps.options import Json, Overwrite
from parasol.apps.paths import Plan as Paths
from parasol.apps.paths import check_folder
from parasol.apps.progress import Progress
from parasol.errors import ParasolError

study_app = typer.Typer(no_args_is_help=True, help="Human studies: which of two pictures people prefer.")
Folder = Annotated[Path, typer.Argument(metavar="STUDY", help="Folder of a study.")]
STUDY_EXTRA = ("fastapi", "uvicorn", "starlette")


@study_app.command()
def create(
    pictures: Annotated[Path, typer.Argument(metavar="DIR|JSON", help="The pictures of two or more methods.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="STUDY", help="Folder of the study.")],
    question: Annotated[
        list[str] | None,
        typer.Option(help="overall, style, content or interpolation; repeated for several; else the first three."),
    ] = None,
    participants: Annotated[int, typer.Option(min=1, help="People whose lists are balanced together.")] = 60,
    trials: Annotated[int, typer.Option(min=1, help="Counted trials for each of them; the next two come on top.")] = 20,
    repeats: Annotated[int, typer.Option(min=0, help="Earlier trials once more, sides swapped.")] = 2,
    catches: Annotated[int, typer.Option(min=0, help="Trials against an obviously wrong picture.")] = 2,
    ties: Annotated[bool, typer.Option("--ties", help="Allow 'no difference' for an answer.")] = False,
    title: Annotated[str, typer.Option(help="What participants read above the first page.")] = "Which picture?",
    completion: Annotated[
        str | None, typer.Option(metavar="URL", help="Where participants are sent when they have finished.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the order, the sides and who gets what.")] = 0,
    json_: Json = False,
) -> None:
    """Make a study from pictures: who sees which two, in which order, on which side.

    DIR holds <method>/<pair>.png for each method, and content/<pair>.png and style/<pair>.png; for the question
    interpolation a method's picture is a strip. wrong/<pair>.png may hold pictures for catch trials, which are colour
    noise otherwise. JSON says the same:
    {"pairs": [{"name": "cat", "content": FILE, "style": FILE, "results": {METHOD: FILE, ...}}, ...]}.

    \b
    Examples:
      parasol study create pictures/ -o my.study
      parasol study create pictures/ --question style --ties --participants 30 -o style.study
    """
    from parasol.study.folder import MANIFEST, PICTURES
    from parasol.study.folder import create as run
    from parasol.study.preferences import detectable_rate
    from parasol.study.trials import Plan, known_questions

    check_folder(out, known_by=[MANIFEST], own=[PICTURES], reads=pictures)
    plan = Plan(participants=participants, trials=trials, repeats=repeats, catches=catches, seed=seed)
    chosen = known_questions(question or ["overall", "style", "content"])
    with Progress("copying pictures") as progress:
        study = run(
            pictures, out, plan, chosen, title=title, ties=ties, completion=completion, progress=progress.update
        )
    methods = len(study.methods)
    answers = participants * trials / (len(study.questions) * methods * (methods - 1) / 2)
    facts = {
        "study": str(out),
        "methods": study.methods,
        "questions": list(study.questions),
        "pairs": len(study.pairs),
        "participants": participants,
        "trials": len(study.schedule[0]),
        "answers_per_comparison": answers,
        "detectable": detectable_rate(answers),
    }
    if json_:
        print(json.dumps(facts))
        return
    print(f"{out}: {len(study.pairs)} pairs by {methods} methods, {participants} lists of {facts['trials']} trials")
    print(
        f"{answers:.0f} answers to each question about two methods: enough to tell {facts['detectable']:.0%} from 50% "
        "four times in five"
    )


@study_app.command()
def serve(
    study: Folder,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Address to listen at; this machine alone if left out.")
    ] = ("127.0.0.1"),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen at; 0 takes a free one.")] = 8000,
) -> None:
    """Serve the page of a study, and keep the answers in STUDY/answers.sqlite.

    Send each participant to the address with ?participant=ID; any other name for the id will do, such as PROLIFIC_PID.
    Whoever comes back goes on where they were. Ctrl-C stops, the same command goes on.

    \b
    Example:
      parasol study serve my.study
    """
    try:
        from parasol.study.server import serve as run
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in STUDY_EXTRA:
            raise
        raise ParasolError(
            f"this command needs {error.name}: install it with  pip install 'parasol-style[study]'"
        ) from error
    run(study, host, port)


@study_app.command()
def analyse(
    study: Folder,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write every answer as a line of CSV; - for stdout.")
    ] = None,
    min_passed: Annotated[
        float, typer.Option(metavar="0..1", help="Leave out who passed a smaller share of the catch trials.")
    ] = 0.0,
    confidence: Annotated[float, typer.Option(metavar="0..1", help="Of all intervals.")] = 0.95,
    seed: Annotated[int, typer.Option(min=0, help="Of the participants drawn anew for the intervals.")] = 0,
    overwrite: Overwrite = False,
    json_: Json = False,
) -> None:
    """Tell what people prefer, how sure that is, and how far they can be trusted. Works while the study is served.

    Strengths are Bradley-Terry log-strengths with Davidson's ties, from the counted trials; their intervals come from
    participants drawn anew. Rates have Wilson intervals.

    \b
    Examples:
      parasol study analyse my.study
      parasol study analyse my.study --csv answers.csv --json
    """
    from contextlib import closing

    from parasol.images import write_atomic
    from parasol.study.analysis import as_csv, replies, report
    from parasol.study.answers import Store
    from parasol.study.folder import ANSWERS, MANIFEST, PICTURES, load_study

    made = load_study(study)
    if csv is not None:
        stored = [study / MANIFEST, *study.glob(f"{ANSWERS}*")]
        Paths(reads=stored, within=[study / PICTURES], writes=[csv], overwrite=overwrite).check()
    if not (study / ANSWERS).is_file():
        raise ParasolError(f"{study} has no answers yet: serve it first")
    with closing(Store(study / ANSWERS, made.digest)) as store:
        answers = store.all()
    record = report(made, answers, min_passed=min_passed, confidence=confidence, seed=seed)
    if csv is not None:
        write_atomic(csv, as_csv(replies(made, answers)).encode())
    if str(csv) == "-":
        return
    if json_:
        print(json.dumps(record))
        return
    _print(record, confidence)


def _print(record: dict[str, Any], confidence: float) -> None:
    print(f"{record['participants']} participants, {record['finished']} finished; {record['answers']} answers")
    for question, part in record["questions"].items():
        print(f"\n{question}: {part['answers']} answers of {part['participants']} participants")
        if part["strengths"] is None:
            print(f"  no strengths: {part['reason']}")
        else:
            _print_strengths(part, confidence)
        for rate in part["rates"]:
            _print_rate(rate)
    checks = record["checks"]
    print(f"\nleft chosen {_share(checks['left'])}, p = {checks['left']['p']:.2g} for no side bias")
    print(
        f"swapped repeats answered alike {_share(checks['repeats'])}; catch trials passed {_share(checks['catches'])}"
    )
    for person in record["people"]:
        if person["passed"] < person["catches"] or person["one_sided"]:
            print(
                f"  {person['participant']}: {person['passed']} of {person['catches']} catch trials passed, left "
                f"chosen in {person['left']} of {person['decided']}, {person['consistent']} of {person['repeats']} "
                f"repeats alike, {person['median_seconds']:.1f} s an answer"
            )
    if record["excluded"]:
        print(f"left out: {', '.join(record['excluded'])}")


def _print_strengths(part: dict[str, Any], confidence: float) -> None:
    width = max(len(row["method"]) for row in part["strengths"])
    for row in part["strengths"]:
        low, high = row["interval"]
        print(f"  {row['method']:{width}}  {row['strength']:+.2f}  [{low:+.2f}, {high:+.2f}] at {confidence:.0%}")


def _print_rate(rate: dict[str, Any]) -> None:
    said = f"{rate['method']} over {rate['against']}: {_share(rate)}, {rate['ties']} ties"
    if rate["told_apart"]:
        advice = "told apart"
    elif rate["participants_needed"] is None:
        advice = f"even so far; {rate['detectable']:.0%} would have been seen"
    else:
        advice = f"open: about {rate['participants_needed']} participants would settle a rate like this"
    print(f"  {said}; {advice}")


def _share(rate: dict[str, Any]) -> str:
    if not rate["of"]:
        return "0 of 0"
    return f"{rate['count']} of {rate['of']} ({rate['rate']:.0%}, {rate['low']:.0%} to {rate['high']:.0%})"
