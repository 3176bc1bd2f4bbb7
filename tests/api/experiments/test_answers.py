"""The shape of GET /experiments, and the made-up answers that the site's tests show."""

import msgspec
import pytest
from tests import experiments_answer

from churn_api.experiments.answers import ExperimentAnswer, ExperimentsAnswer

ANSWERS = {
    "empty": experiments_answer.answer(),
    "off": experiments_answer.off(),
    "begun": experiments_answer.answer(experiments_answer.experiment()),
    "early": experiments_answer.answer(experiments_answer.early()),
    "alike": experiments_answer.answer(experiments_answer.alike(), *experiments_answer.past(3)),
    "better": experiments_answer.answer(experiments_answer.better(), retraining=experiments_answer.due()),
    "worse": experiments_answer.answer(experiments_answer.worse()),
    "failed": experiments_answer.answer(None, experiments_answer.failed()),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_made_up_answers_have_the_declared_shape(answer):
    assert msgspec.to_builtins(msgspec.convert(answer, ExperimentsAnswer)) == answer


def test_a_made_up_experiment_has_the_declared_shape():
    answer = experiments_answer.one(experiments_answer.better())
    assert msgspec.to_builtins(msgspec.convert(answer, ExperimentAnswer)) == answer
