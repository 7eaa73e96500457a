from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ipt_nlp.areas import scoring, training
from ipt_nlp.areas.bundle import Bands, is_trusted, open_bundle, read_manifest
from ipt_nlp.areas.training import QUEUE_SHARE, TrainOptions, choose_bands, train_bundle
from ipt_nlp.areas.view_cache import FOLDER
from ipt_nlp.corpus import LabelledTexts
from ipt_nlp.errors import OptionError
from ipt_nlp.transcript import Kind

SAYINGS = {
    "grief": "My father died and I miss him",
    "role_transition": "I lost my job and have to find a new one",
    "conflict": "My wife and I argue about money",
    "isolation": "I have no friends and feel lonely",
    "": "I cannot sleep at night",
}


@pytest.fixture(scope="module")
def texts() -> LabelledTexts:
    rows = [(a, f"{s}, {i} weeks now.") for i in range(8) for a, s in SAYINGS.items()]
    n = len(rows)
    kind: Kind = "text"
    return LabelledTexts(
        ids=tuple(map(str, range(n))),
        texts=tuple(t for _, t in rows),
        areas=tuple(frozenset([a] if a else []) for a, _ in rows),
        unscored=(frozenset(),) * n,
        groups=tuple(f"w{i // 10}" for i in range(n)),
        sources=("made",) * n,
        rules=((),) * n,
        kinds=(kind,) * n,
        sessions=tuple(map(str, range(n))),
        whole=(True,) * n,
        splits=("train",) * n,
    )


def train(texts: LabelledTexts, output: Path, **options: object) -> str:
    return train_bundle(
        texts,
        output,
        corpus_names=["made"],
        client_data=False,
        **options,  # type: ignore[arg-type]
    ).digest


def test_a_trained_bundle_is_trusted_and_opens(texts: LabelledTexts, tmp_path: Path) -> None:
    digest = train(texts, tmp_path / "b")
    assert is_trusted(digest)
    opened = open_bundle(tmp_path / "b")
    assert opened.digest == digest
    probabilities = opened.pipeline.predict_proba([f"{s}." for s in SAYINGS.values()])
    assert np.argmax(probabilities[:4], axis=1).tolist() == [0, 1, 2, 3]


def test_the_same_input_gives_the_same_digest(texts: LabelledTexts, tmp_path: Path) -> None:
    assert train(texts, tmp_path / "a") == train(texts, tmp_path / "b")


def test_a_bundle_of_client_text_says_so(texts: LabelledTexts, tmp_path: Path) -> None:
    train_bundle(texts, tmp_path / "b", corpus_names=["notes"], client_data=True)
    assert read_manifest(tmp_path / "b")[0].client_data
    assert "client data itself" in (tmp_path / "b" / "README.md").read_text()


def test_a_folder_with_other_files_is_left_alone(texts: LabelledTexts, tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("precious")
    with pytest.raises(Exception, match="holds other files"):
        train(texts, tmp_path)
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["thesis.docx"]


def test_any_scikit_learn_classifier_by_name(texts: LabelledTexts, tmp_path: Path) -> None:
    options = TrainOptions(
        estimator="sklearn.svm.LinearSVC", parameters={"C": 0.5, "class_weight": "balanced"}
    )
    train(texts, tmp_path / "b", options=options)
    assert open_bundle(tmp_path / "b").manifest.calibration == "sigmoid"


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ('estimator = "os.system"', "class of scikit-learn"),
        ('estimator = "sklearn.svm.Nothing"', "estimator"),
        ('estimator = "sklearn.svm.SVC"\n[parameters]\nx = 1', "estimator"),
        ("colour = 1", "colour"),
        ('estimator = "sklearn.model_selection.GridSearchCV"', "class of scikit-learn"),
        ('estimator = "sklearn.linear_model.Ridge"', "no classifier"),
        ("[grid]\nC = 1.0", "list of values"),
        ("grid = 3", "areas.toml"),
        ("[[", "areas.toml"),
        ("[kinds.letter]\nC = 1.0", "each for one of transcript, note, text"),
        ("[kinds]\nnote = 1.0", "tables of parameters"),
        ("[kinds.note]\ncolour = 1.0", "colour"),
    ],
)
def test_a_wrong_configuration_is_explained(tmp_path: Path, toml: str, message: str) -> None:
    path = tmp_path / "areas.toml"
    path.write_text(toml)
    with pytest.raises(OptionError, match=message):
        made_from(path)


def made_from(path: Path) -> None:
    options = TrainOptions.from_toml(path)
    options.build()
    options.build_kinds()


def test_a_kind_has_parameters_of_its_own(texts: LabelledTexts, tmp_path: Path) -> None:
    options = TrainOptions(kinds={"note": {"C": 0.25}})
    assert options.build_kinds({"C": 9.0, "max_iter": 50})["note"].get_params()["max_iter"] == 50
    kind: Kind = "note"
    kinds: tuple[Kind, ...] = tuple(kind if i % 2 else "text" for i in range(len(texts)))
    train(replace(texts, kinds=kinds), tmp_path / "b", options=options)
    classifier = open_bundle(tmp_path / "b").classifier
    assert [f.C for f in classifier.of_kind(kind).first_] == [0.25] * 4
    assert [f.C for f in classifier.of_kind("text").first_] == [1.0] * 4


def test_thresholds_come_from_typical_texts(texts: LabelledTexts, tmp_path: Path) -> None:
    every = np.ones(len(texts), dtype=bool)
    half = np.arange(len(texts)) < len(texts) // 2
    plain, same, other = (
        train(texts, tmp_path / name, typical=typical)
        for name, typical in (("a", None), ("b", every), ("c", half))
    )
    assert plain == same != other
    before, after = (open_bundle(tmp_path / name).thresholds("text") for name in ("a", "c"))
    assert not np.array_equal(before, after)


def test_the_shipped_configuration_is_read() -> None:
    path = Path(__file__).parents[2] / "training" / "areas.toml"
    assert TrainOptions.from_toml(path).build() is not None


def test_bands_queue_at_most_their_share() -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.beta(0.5, 1.5, size=(2000, 4))
    thresholds = np.full(4, 0.4)
    bands = choose_bands(probabilities, thresholds)
    ranked = np.sort(probabilities, axis=1)[:, ::-1]
    mixed = ((probabilities >= 0.4).sum(axis=1) > 1) & (ranked[:, 0] - ranked[:, 1] < bands.mixed)
    unsure = np.abs(probabilities - thresholds).min(axis=1) < bands.low_confidence
    assert 0.05 < (mixed | unsure).mean() <= QUEUE_SHARE


def test_bands_read_unsettled_cells_as_they_are(
    texts: LabelledTexts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_cells = tuple(frozenset(["grief"] if i % 5 == 4 else []) for i in range(len(texts)))
    doubted = replace(texts, unscored=open_cells)
    read: list[NDArray[np.float64]] = []

    def recorded(probabilities: NDArray[np.float64], thresholds: NDArray[np.float64]) -> Bands:
        read.append(probabilities)
        return choose_bands(probabilities, thresholds)

    monkeypatch.setattr(training, "choose_bands", recorded)
    assert train(doubted, tmp_path / "a") == train(doubted, tmp_path / "b")
    assert len(read[0]) == len(texts)
    # None is nan, and none is exactly 0, which would be as sure as a cell can be.
    assert (read[0] > 0).all()


def test_a_bundle_of_sessions_alone_serves_every_kind(texts: LabelledTexts, tmp_path: Path) -> None:
    kind: Kind = "transcript"
    spoken = replace(texts, kinds=(kind,) * len(texts))
    train(spoken, tmp_path / "b")
    bundle = open_bundle(tmp_path / "b")
    kinds: tuple[Kind, ...] = ("text", "note", "transcript")
    for other in kinds:
        assert bundle.thresholds(other).shape == (4,)
    sayings = [f"{s}." for s in SAYINGS.values()]
    alone = np.vstack([bundle.pipeline.predict_proba([s]) for s in sayings])
    np.testing.assert_allclose(bundle.pipeline.predict_proba(sayings), alone, atol=1e-6)


def test_a_grid_is_searched_and_told_in_the_card(texts: LabelledTexts, tmp_path: Path) -> None:
    options = TrainOptions(grid={"C": [0.0001, 1.0]}, parameters={"class_weight": "balanced"})
    train(texts, tmp_path / "b", options=options, n_jobs=1)
    card = (tmp_path / "b" / "README.md").read_text()
    assert "| C = 0.0001 |" in card
    assert "| C = 1.0 |" in card


def test_a_run_that_was_stopped_goes_on_and_ends_the_same(
    texts: LabelledTexts, tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "_CHUNK", 16)

    def stop(done: int, total: int) -> None:
        if done == 32:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(texts, tmp_path / "b", progress=stop)
    kept = list((own_home / FOLDER).iterdir())
    assert len(kept) == 2
    assert {p.stat().st_mode & 0o077 for p in kept} == {0}
    told = {path: path.stat().st_mtime_ns for path in kept}

    def unchanged(done: int, total: int) -> None:
        assert {path: path.stat().st_mtime_ns for path in kept} == told

    resumed = train(texts, tmp_path / "b", progress=unchanged)
    assert not (own_home / FOLDER).exists()
    assert resumed == train(texts, tmp_path / "a")


def test_the_card_says_who_labelled_and_how_people_agree(
    texts: LabelledTexts, tmp_path: Path
) -> None:
    ruled = replace(texts, rules=(("end_of_relationship",), *texts.rules[1:]))
    train(ruled, tmp_path / "b")
    card = (tmp_path / "b" / "README.md").read_text()
    for told in ("PMC3330600", "no clinician", "kappa over all cells", "Calibration", "at 80 %"):
        assert told in card
    assert "| end_of_relationship | 1 |" in card


def test_many_texts_with_two_areas_leave_room_for_the_unsure() -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.beta(2, 2, size=(2000, 4))
    bands = choose_bands(probabilities, np.full(4, 0.3))
    assert bands.low_confidence > 0
    assert bands.mixed < 0.15
