"""Arms: what `--arm` may say, what is meant by what isn't said, and what is refused with the nearest valid word."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from online.arms import DYNAMIC, STATIC, Arm, parse_arm, parse_arms
from online.detectors.ss_sr import SSSR
from online.gates.none import NoGate
from online.gates.shadow import Shadow
from online.learners.batch import ScikitLearn
from online.policies.drift import Drift
from online.policies.never import Never
from online.policies.threshold import Threshold
from online.training_sets.last import Last
from online.training_sets.since_change import SinceChange
from producer.errors import UsageError

NAMES = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,39}\Z").filter(lambda name: name != "static")
NUMBERS = st.floats(min_value=2.0, max_value=1e9)
METRICS = st.sampled_from(["accuracy", "f1", "mcc", "roc_auc"])
SETS = st.lists(st.integers(1, 999_999).map(lambda n: Last(windows=n)), min_size=1, max_size=3, unique=True).map(tuple)
GATES = st.just(NoGate()) | st.floats(0, 1).map(lambda margin: Shadow(margin=margin))
DATED = st.builds(Drift, detector=st.builds(SSSR, c=NUMBERS))
UNDATED = st.just(Never()) | st.builds(Threshold, metric=METRICS, below=st.floats(-1, 1))
ARMS = st.builds(Arm, name=NAMES, policy=UNDATED, training_sets=SETS, gate=GATES) | st.builds(
    Arm, name=NAMES, policy=DATED, training_sets=SETS.map(lambda sets: (SinceChange(), *sets)), gate=GATES
)


def spec(arm: Arm) -> str:
    """The words that describe an arm."""
    pairs: dict[str, Any] = {"policy": arm.policy.kind, "gate": arm.gate.kind}
    pairs["train"] = "+".join(each.title.replace(" ", "-") for each in arm.training_sets)
    if isinstance(arm.policy, Threshold):
        pairs |= {"metric": arm.policy.metric, "below": repr(arm.policy.below)}
    if isinstance(arm.policy, Drift):
        pairs |= {"c": repr(arm.policy.detector.c)}
    if isinstance(arm.gate, Shadow):
        pairs["margin"] = repr(arm.gate.margin)
    return f"{arm.name}:{','.join(f'{key}={value}' for key, value in pairs.items())}"


@given(arm=ARMS | st.sampled_from([STATIC, DYNAMIC]))
def test_an_arm_survives_toml(arm: Arm) -> None:
    """What experiment.toml holds is the arm, every number to its last bit."""
    text = tomli_w.dumps({"arm": [arm.plain()]})
    assert arm == Arm.model_validate(tomllib.loads(text)["arm"][0])


@given(arm=ARMS)
def test_everything_can_be_said_in_words(arm: Arm) -> None:
    """A specification that names every key gives exactly that arm."""
    assert arm == parse_arm(spec(arm))


def test_the_presets() -> None:
    """`static` never retrains; `dynamic` is the design's default, in full."""
    assert STATIC == parse_arm("static")
    assert STATIC.policy == Never()
    default = Arm(
        name="dynamic",
        policy=Drift(detector=SSSR(c=1443)),
        training_sets=(SinceChange(), Last(windows=20)),
        learner=ScikitLearn(),
        gate=Shadow(margin=0.0),
    )
    assert default == DYNAMIC == parse_arm("dynamic")


def test_what_is_not_said_is_as_in_the_dynamic_arm() -> None:
    """A name with nothing behind it, or with one key, differs from `dynamic` in that alone."""
    assert DYNAMIC.model_copy(update={"name": "mine"}) == parse_arm("mine:")
    assert DYNAMIC.model_copy(update={"name": "free", "gate": NoGate()}) == parse_arm("free:gate=none")
    strict = Drift(detector=SSSR(c=5000.0))
    assert DYNAMIC.model_copy(update={"name": "strict", "policy": strict}) == parse_arm("strict:c=5000")


def test_the_classical_rule_in_words() -> None:
    """The course's exercise: retrain on the last window when accuracy is below a number, and ask nobody."""
    arm = parse_arm("classical:policy=threshold,metric=accuracy,below=0.81,train=last-1,gate=none")
    assert arm.policy == Threshold(metric="accuracy", below=0.81)
    assert (arm.training_sets, arm.gate) == ((Last(windows=1),), NoGate())


def test_training_sets_keep_their_order() -> None:
    """The order decides ties, so it is kept."""
    titles = [each.title for each in parse_arm("a:train=last-5+since-change+last(windows=20)").training_sets]
    assert titles == ["last 5", "since-change", "last 20"]


@pytest.mark.parametrize(
    ("specs", "names"),
    [
        ([], ["static"]),
        (["dynamic"], ["static", "dynamic"]),
        (["dynamic", "static"], ["static", "dynamic"]),
        (["b:c=9", "static", "a:c=9"], ["static", "b", "a"]),
    ],
)
def test_the_static_arm_is_always_first(specs: list[str], names: list[str]) -> None:
    """Whether or not it was asked for, and wherever."""
    assert names == [arm.name for arm in parse_arms(specs)]


@pytest.mark.parametrize("specs", [["a:c=9", "a:c=8"], ["dynamic", "dynamic:c=9"], ["static", "static"]])
def test_a_name_stands_for_one_arm(specs: list[str]) -> None:
    """Two arms of one name are refused, also if they are equal."""
    with pytest.raises(UsageError, match=f"two arms are called '{specs[0].split(':')[0]}'; each arm needs a name"):
        parse_arms(specs)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("dynamik", r"no arm 'dynamik' \(did you mean 'dynamic'\?\); known are static, dynamic, or describe one"),
        ("xyz", r"no arm 'xyz'; known are static, dynamic"),
        ("static:gate=none", "the arm 'static' can't be described: .* Choose another name"),
        ("a:polcy=never", r"--arm a:polcy=never: 'polcy=never': .*\(did you mean 'policy'\?\); the keys are policy,"),
        ("a:policy", "--arm a:policy: 'policy': expected key=value"),
        ("a:zzz=1", "--arm a:zzz=1: 'zzz=1': expected key=value; the keys are"),
        ("a:policy=drfit", r"no policy 'drfit' \(did you mean 'drift'\?\); known are always,"),
        ("a:gate=shade", r"no gate 'shade' \(did you mean 'shadow'\?\); known are crossfit, none,"),
        ("a:train=last-0", "training set 'last': windows: Input should be greater than or equal to 1"),
        ("a:train=all", "no training set 'all'; known are cumulative, last,"),
        ("a:train=", "train: name at least one training set, such as last-20"),
        ("a:c=many", "detector 'ss-sr': c: Input should be a valid number"),
        ("a:margin=-1", "gate 'shadow': margin: Input should be greater than or equal to 0"),
        ("a:gate=none,margin=0.1", "gate 'none' has no 'margin'; it has no fields"),
        ("a:policy=threshold,train=last-1", "policy 'threshold': below: Field required"),
        ("a:policy=threshold,below=1,metric=accurracy,train=last-1", "'accurracy' is no metric .* known: accuracy,"),
        ("a:policy=threshold,below=1,metric=log_loss,train=last-1", "'log_loss' is no metric that is better when"),
        ("a:policy=threshold,below=nan,train=last-1", "every number must be finite, not nan or inf"),
        ("a:c=inf", "every number must be finite"),
        ("a:c=9,c=9", "--arm a:c=9,c=9: 'c' is given twice; name each key once"),
        ("a b:c=9", "name: String should match pattern"),
        (":c=9", "name: String should match pattern"),
        ("../a:c=9", "name: String should match pattern"),
    ],
)
def test_what_is_not_valid_is_refused_with_what_is(words: str, message: str) -> None:
    """The message names the word at fault and the nearest valid one, or all of them; exit code 2."""
    with pytest.raises(UsageError, match=message) as caught:
        parse_arm(words)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("policy", ["policy=threshold,below=0.8", "policy=never"])
@pytest.mark.parametrize("train", ["since-change", "last-1+since-change"])
def test_since_change_needs_a_policy_that_dates_changes(policy: str, train: str) -> None:
    """With the threshold rule there is no change to train since; the message says what to choose."""
    words = f"a:{policy},train={train}"
    with pytest.raises(UsageError, match=r"train=since-change needs a policy that dates changes \(policy=drift\)"):
        parse_arm(words)


@pytest.mark.parametrize("policy", ["policy=threshold,below=0.8", "policy=never"])
def test_a_policy_that_dates_no_change_trains_on_the_last_window_unless_told_otherwise(policy: str) -> None:
    """Without `train` such an arm has the training set last-1."""
    assert [training_set.title for training_set in parse_arm(f"a:{policy}").training_sets] == ["last 1"]
