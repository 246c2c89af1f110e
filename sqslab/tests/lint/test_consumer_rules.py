"""Rules about the event source mapping, for each way of writing one."""

from difflib import unified_diff

import pytest
from samtranslator.internal.schema_source.aws_serverless_function import SQSEventProperties

from sqslab.lint import spelling
from sqslab_testing.templates import EVENT, each_mapping, each_way, ids, lint, message, places, template

FIFO = {"queue": "FifoQueue: true", "dead_queue": "FifoQueue: true", "window": ""}
EVENT_PATH = "Resources/Ship/Properties/Events/Batch/Properties"


def mapping_path(way: str) -> str:
    return EVENT_PATH if way == EVENT else "Resources/OrdersMapping/Properties"


@each_way
def test_nothing_is_found_in_a_right_template(way):
    assert ids(template(way)) == []


@each_way
def test_nothing_is_found_in_a_right_fifo_template(way):
    assert ids(template(way, **FIFO)) == []


class TestPartialResponse:
    @each_way
    @pytest.mark.parametrize("types", ["", "[]", "!Ref AWS::NoValue"])
    def test_a_mapping_without_report_batch_item_failures_is_found(self, way, types):
        broken = template(way, types=types)
        assert ids(broken) == ["E9901"]
        assert places(broken)[0].startswith(mapping_path(way))
        assert "Ship" in message(broken)
        assert "deletes the whole batch" in message(broken)

    @each_way
    def test_a_single_message_needs_none_unless_the_layer_answers_for_it(self, way):
        assert ids(template(way, types="", size="1", layers="")) == ["W9911"]
        assert ids(template(way, types="", size="1")) == ["E9901"]
        assert ids(template(way, types="", size="1"), configure_rules={"E9901": {"layer": ""}}) == []

    def test_the_queue_of_an_event_need_not_be_known(self):
        imported = template(EVENT, types="", source="!ImportValue orders")
        assert ids(imported) == ["E9901"]

    @each_mapping
    def test_a_mapping_of_an_unknown_source_is_not_judged(self, way):
        assert ids(template(way, types="", size="20000", source="!ImportValue orders")) == []

    @each_mapping
    def test_a_mapping_of_a_stream_is_not_judged(self, way):
        source = "!Sub arn:aws:kinesis:${AWS::Region}:${AWS::AccountId}:stream/orders"
        assert ids(template(way, types="", source=source)) == []


class TestTimeouts:
    @each_way
    def test_a_visibility_timeout_under_the_functions_timeout_is_found(self, way):
        broken = template(way, visibility="29")
        assert ids(broken) == ["E9902"]
        assert places(broken) == ["Resources/Orders/Properties/VisibilityTimeout"]
        assert "29 s" in message(broken)
        assert "30 s" in message(broken)
        assert "181" in message(broken)

    @each_way
    @pytest.mark.parametrize("visibility", ["30", "180"])
    def test_a_visibility_timeout_under_six_timeouts_and_the_window_is_found(self, way, visibility):
        broken = template(way, visibility=visibility)
        assert ids(broken) == ["W9903"]
        assert "181 s" in message(broken)

    @each_way
    def test_exactly_six_timeouts_and_the_window_is_enough(self, way):
        assert ids(template(way, visibility="181")) == []

    @each_way
    def test_the_defaults_are_cloudformations(self, way):
        assert ids(template(way, visibility="", timeout="", window="")) == []  # 30 s and 3 s
        assert ids(template(way, visibility="", timeout="6", window="")) == ["W9903"]
        assert ids(template(way, visibility="17", timeout="", window="")) == ["W9903"]


class TestBatching:
    @each_way
    @pytest.mark.parametrize("window", ["", "0"])
    def test_a_batch_size_over_10_without_a_window_is_found(self, way, window):
        broken = template(way, size="11", window=window)
        assert ids(broken) == ["E9906"]
        assert places(broken) == [f"{mapping_path(way)}/BatchSize"]

    @each_way
    def test_a_batch_size_over_10_with_a_window_is_right(self, way):
        assert ids(template(way, size="10000")) == []

    @each_way
    def test_a_fifo_batch_size_over_10_is_found(self, way):
        broken = template(way, **FIFO, size="11")
        assert ids(broken) == ["E9907"]
        assert places(broken) == [f"{mapping_path(way)}/BatchSize"]

    @each_way
    def test_a_window_on_fifo_is_found(self, way):
        broken = template(way, **{**FIFO, "window": "5"})
        assert ids(broken) == ["E9908"]
        assert places(broken) == [f"{mapping_path(way)}/MaximumBatchingWindowInSeconds"]

    @each_way
    def test_a_window_of_0_on_fifo_is_right(self, way):
        assert ids(template(way, **{**FIFO, "window": "0"})) == []


LIMITS = {"size": ("0", "10001"), "window": ("-1", "301"), "concurrency": ("1", "1001")}


class TestLimits:
    @pytest.mark.parametrize(("name", "value"), [(name, value) for name in LIMITS for value in LIMITS[name]])
    def test_a_number_that_lambda_does_not_take_is_found(self, name, value):
        broken = template(EVENT, **{name: value, "visibility": "1000"})
        assert ids(broken) == ["E9913"]
        assert value in message(broken)

    @pytest.mark.parametrize("edge", [{"size": "1"}, {"size": "10000"}, {"window": "300"}, {"concurrency": "2"}])
    def test_the_limits_themselves_are_right(self, edge):
        assert ids(template(EVENT, **{"visibility": "1000", **edge})) == []

    @each_mapping
    @pytest.mark.parametrize(("name", "value"), [("size", "10001"), ("window", "301"), ("concurrency", "1")])
    def test_on_an_explicit_mapping_it_is_left_to_cfn_lint(self, way, name, value):
        assert ids(template(way, **{name: value, "visibility": "1000"})) == []


class TestSpelling:
    @pytest.mark.parametrize(
        ("right", "written"),
        [
            ("Type: SQS\n", "Type: SQSS\n"),
            ("Type: SQS\n", "Type: Sqs\n"),
            ("BatchSize: 10\n", "BatchSizes: 10\n"),
            ("BatchSize: 10\n", "batchSize: 10\n"),
            ("Queue: !G", "Queu: !G"),
            ("MaximumBatchingWindowInSeconds", "MaximumBatchingWindowInSecond"),
            ("MaximumConcurrency", "MaxConcurrency"),
            ("[ReportBatchItemFailures]", "[ReportBatchItemFailure]"),
            ("FunctionResponseTypes: [ReportBatchItemFailures]", "FunctionResponseTypes: ReportBatchItemFailures"),
        ],
    )
    def test_a_misspelt_word_in_an_event_is_found_and_the_right_one_named(self, right, written):
        good = template(EVENT)
        assert right in good
        broken = good.replace(right, written)
        [found] = [match for match in lint(broken) if match.rule.id == "E9912"]
        assert found.path[:5] == ["Resources", "Ship", "Properties", "Events", "Batch"]
        line = next(line for line in unified_diff(good.split("\n"), broken.split("\n"), n=0) if line.startswith("+ "))
        assert found.linenumber == broken.split("\n").index(line[1:]) + 1
        assert right.split(":")[0 if "Type: SQS" not in right else 1].strip(" \n[]") in found.message

    def test_a_queues_url_in_place_of_its_arn_is_found(self):
        broken = template(EVENT, source="!Ref Orders")
        assert ids(broken) == ["E9912"]
        assert "!GetAtt Orders.Arn" in message(broken)
        assert ids(template(EVENT, source="!Ref Arn", before="Parameters: {Arn: {Type: String}}")) == []

    def test_a_misspelt_property_name_is_found_beside_its_consequence(self):
        assert ids(template(EVENT).replace("FunctionResponseTypes", "FunctionResponseType")) == ["E9901", "E9912"]

    @pytest.mark.parametrize("kind", ["SNS", "S3", "MQ", "MSK", "Api", "Schedule", "SomethingNew"])
    def test_another_type_of_event_is_not_taken_for_a_misspelt_one(self, kind):
        assert ids(template(EVENT).replace("Type: SQS\n", f"Type: {kind}\n")) == []

    def test_a_property_that_is_like_no_known_one_is_not_judged(self):
        assert ids(template(EVENT).replace("BatchSize: 10", "OrderedRetries: 10")) == []

    def test_the_known_properties_are_sams(self):
        assert set(spelling.PROPERTIES) == set(SQSEventProperties.__fields__)


class TestLayer:
    @each_way
    def test_a_consumer_without_the_layer_is_found_where_the_template_has_it(self, way):
        broken = template(way, layers="")
        assert ids(broken) == ["W9911"]
        assert places(broken) == ["Resources/Ship/Properties"]
        assert "partial_batch" in message(broken)

    @each_way
    def test_a_template_without_the_layer_is_not_judged(self, way):
        assert ids(template(way, layers="").replace("PartialBatchLayer", "Numbers").replace("partial_batch", "n")) == []

    @each_way
    def test_without_the_name_of_a_layer_no_template_is_judged(self, way):
        assert ids(template(way, layers=""), configure_rules={"W9911": {"required": True}}) == []

    @each_way
    def test_a_template_without_the_layer_is_judged_if_it_is_required(self, way):
        text = template(way, layers="").replace("PartialBatchLayer", "Numbers").replace("partial_batch", "numbers")
        assert ids(text, configure_rules={"W9911": {"layer": "partial_batch", "required": True}}) == ["W9911"]
        assert ids(text, configure_rules={"W9911": {"layer": "numbers"}}) == ["W9911"]
        with_it = text.replace("Timeout: 30", "Timeout: 30\n      Layers: [!Ref Numbers]")
        assert ids(with_it, configure_rules={"W9911": {"layer": "numbers"}}) == []

    @each_way
    @pytest.mark.parametrize(
        "layers",
        [
            "[arn:aws:lambda:us-east-1:123456789012:layer:partial-batch:3]",
            "[!Sub 'arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:layer:partial_batch:3']",
            "[!ImportValue partial-batch]",
            "!Ref LayerArns",
            "[!Ref LayerArn]",
        ],
    )
    def test_a_layer_named_by_arn_is_known_and_an_unknown_one_not_judged(self, way, layers):
        before = "Parameters: {LayerArn: {Type: String}, LayerArns: {Type: CommaDelimitedList}}"
        assert ids(template(way, layers=layers, before=before)) == []

    @each_way
    def test_another_layer_is_not_the_layer(self, way):
        assert ids(template(way, layers="[arn:aws:lambda:us-east-1:123456789012:layer:numbers:3]")) == ["W9911"]

    @each_way
    def test_a_consumer_in_another_language_is_not_judged(self, way):
        assert ids(template(way, layers="").replace("python3.13", "nodejs22.x")) == []


class TestFunctionDeadLetters:
    def dead_letters(self, way):
        return (
            "DeadLetterQueue: {Type: SQS, TargetArn: !GetAtt OrdersDead.Arn}"
            if way != "mapping without SAM"
            else "DeadLetterConfig: {TargetArn: !GetAtt OrdersDead.Arn}"
        )

    @each_way
    def test_a_functions_dead_letter_queue_in_place_of_the_queues_is_found(self, way):
        broken = template(way, function=self.dead_letters(way), redrive="")
        assert ids(broken) == ["E9904", "W9916"]
        assert f"Resources/Ship/Properties/{self.dead_letters(way).split(':')[0]}" in places(broken)

    @each_way
    def test_the_queues_own_dead_letter_queue_named_at_the_function_as_well_is_found(self, way):
        assert ids(template(way, function=self.dead_letters(way))) == ["W9916"]

    @each_way
    def test_another_one_beside_the_queues_own_is_right(self, way):
        function = self.dead_letters(way).replace("!GetAtt OrdersDead.Arn", "!ImportValue dead-invocations")
        assert ids(template(way, function=function)) == []

    def test_a_function_with_an_asynchronous_event_may_have_one(self):
        good = template(EVENT, function=self.dead_letters(EVENT), redrive="")
        good = good.replace("Events:", "Events:\n        Daily: {Type: Schedule, Properties: {Schedule: rate(1 day)}}")
        assert ids(good) == ["E9904"]

    @each_way
    def test_a_function_that_something_else_may_invoke_may_have_one(self, way):
        permission = (
            "Permission:\n  Type: AWS::Lambda::Permission\n  Properties: "
            "{Action: lambda:InvokeFunction, FunctionName: !GetAtt Ship.Arn, Principal: sns.amazonaws.com}"
        )
        assert ids(template(way, function=self.dead_letters(way), redrive="", more=permission)) == ["E9904"]
