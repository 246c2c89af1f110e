"""What parameters, Globals, conditions and functions say is understood; what cannot be known is not judged."""

import pytest
from cfnlint.context import ParameterSet

from sqslab_testing.templates import CONDITIONS, EVENT, MAPPING, PLAIN, each_mapping, each_way, ids, message, template


class TestParameters:
    SECONDS = "Parameters: {{Seconds: {{Type: {kind}{default}}}}}"

    @each_way
    @pytest.mark.parametrize(("kind", "default"), [("Number", ", Default: 29"), ("String", ", Default: '29'")])
    def test_a_parameter_has_its_default(self, way, kind, default):
        before = self.SECONDS.format(kind=kind, default=default)
        assert ids(template(way, visibility="!Ref Seconds", before=before)) == ["E9902"]

    @each_way
    def test_of_the_allowed_values_only_the_default_counts(self, way):
        before = self.SECONDS.format(kind="Number", default=", Default: 200, AllowedValues: [29, 200]")
        assert ids(template(way, visibility="!Ref Seconds", before=before)) == []

    @each_way
    @pytest.mark.parametrize(
        ("kind", "default"),
        [
            ("Number", ""),
            ("AWS::SSM::Parameter::Value<String>", ", Default: '29'"),
            ("Number", ", Default: many"),
        ],
    )
    def test_a_parameter_that_is_not_known_is_not_judged(self, way, kind, default):
        before = self.SECONDS.format(kind=kind, default=default)
        assert ids(template(way, visibility="!Ref Seconds", before=before)) == []

    def test_the_values_given_to_cfn_lint_win(self):
        # Without SAM only: with it, cfn-lint forgets them when it merges the Globals.
        before = self.SECONDS.format(kind="Number", default=", Default: 200")
        text = template(PLAIN, visibility="!Ref Seconds", before=before)
        for seconds, found in (("200", []), ("29", ["E9902"])):
            assert ids(text, parameters=[ParameterSet(None, {"Seconds": seconds})]) == found

    @each_way
    @pytest.mark.parametrize("value", ["!ImportValue seconds", "'{{resolve:ssm:/seconds}}'", "!GetAtt Stack.Outputs.S"])
    def test_what_only_the_deployment_knows_is_not_judged(self, way, value):
        assert ids(template(way, visibility=value, window="!ImportValue window")) == []

    @each_way
    def test_a_list_parameter_is_a_list(self, way):
        before = "Parameters: {Types: {Type: CommaDelimitedList, Default: 'ReportBatchItemFailures'}}"
        assert ids(template(way, types="!Ref Types", before=before)) == []


class TestGlobals:
    @pytest.mark.parametrize("way", [EVENT, MAPPING])
    def test_a_function_has_what_the_globals_say(self, way):
        before = "Globals: {Function: {Timeout: 60, Layers: [!Ref PartialBatchLayer]}}"
        assert ids(template(way, timeout="", layers="", before=before)) == ["W9903"]

    @pytest.mark.parametrize("way", [EVENT, MAPPING])
    def test_the_functions_own_value_wins(self, way):
        assert ids(template(way, before="Globals: {Function: {Timeout: 60}}")) == []

    def test_a_function_may_leave_the_globals_out(self):
        text = template(EVENT, timeout="", before="Globals: {Function: {Timeout: 60}}")
        assert ids(text.replace("  Ship:\n", "  Ship:\n    IgnoreGlobals: [Timeout]\n")) == []


class TestConditions:
    @each_way
    @pytest.mark.parametrize("visibility", ["!If [IsProd, 29, 200]", "!If [IsProd, 200, 29]"])
    def test_both_branches_are_looked_at(self, way, visibility):
        broken = template(way, visibility=visibility, before=CONDITIONS)
        assert ids(broken) == ["E9902"]
        assert "29 s" in message(broken)

    @each_way
    def test_a_combination_that_cannot_be_is_not_reported(self, way):
        times = {"visibility": "!If [IsProd, 200, 20]", "before": CONDITIONS}
        assert ids(template(way, **times, timeout="!If [IsProd, 30, 3]")) == []
        assert ids(template(way, **times, timeout="!If [IsDev, 3, 30]")) == []
        assert ids(template(way, **times, timeout="!If [IsDev, 30, 3]")) == ["E9902"]

    @each_way
    def test_a_default_that_a_branch_rules_out_is_not_used_there(self, way):
        window = "!If [HasWindow, !Ref Window, !Ref AWS::NoValue]"
        assert ids(template(way, size="!If [HasWindow, 100, 10]", window=window, before=CONDITIONS)) == []

    @each_way
    def test_a_condition_that_cannot_be_read_leaves_both_branches(self, way):
        assert ids(template(way, visibility="!If [IsOdd, 29, 200]", before=CONDITIONS)) == ["E9902"]

    @each_way
    def test_nested_branches_are_looked_at(self, way):
        visibility = "!If [IsProd, 200, !If [HasWindow, 200, 29]]"
        assert ids(template(way, visibility=visibility, before=CONDITIONS)) == ["E9902"]

    @each_way
    def test_a_property_left_out_in_one_branch_is_missing_there(self, way):
        redrive = "!If [IsProd, {deadLetterTargetArn: !GetAtt OrdersDead.Arn, maxReceiveCount: 5}, !Ref AWS::NoValue]"
        assert ids(template(way, redrive=redrive, before=CONDITIONS)) == ["E9904"]

    @each_way
    def test_a_resource_that_is_not_there_is_not_judged(self, way):
        text = template(way, visibility="!If [IsProd, 29, 200]", before=CONDITIONS)
        for name in ("OrdersMapping", "Ship"):
            text = text.replace(f"  {name}:\n", f"  {name}:\n    Condition: IsDev\n")
        assert ids(text) == []

    @each_way
    def test_a_condition_that_does_not_exist_is_left_to_cfn_lint(self, way):
        assert ids(template(way, visibility="!If [Nowhere, 29, 200]")) == []

    def test_many_conditions_come_to_an_end(self):
        names = [f"C{number}" for number in range(12)]
        before = "Parameters:\n" + "".join(f"  P{name}: {{Type: String, Default: a}}\n" for name in names)
        before += "Conditions:\n" + "".join(f"  {name}: !Equals [!Ref P{name}, b]\n" for name in names)
        seconds = "200"
        for name in names:
            seconds = f"!If [{name}, 29, {seconds}]"
        assert ids(template(EVENT, visibility=seconds, before=before)) == ["E9902"]


NAMED = "QueueName: orders"
NAMED_BY_STACK = "QueueName: !Sub '${AWS::StackName}-orders'"


class TestReferences:
    @each_way
    @pytest.mark.parametrize(
        ("source", "queue"),
        [
            ("!GetAtt Orders.Arn", ""),
            ("{'Fn::GetAtt': [Orders, Arn]}", ""),
            ("!Sub '${Orders.Arn}'", ""),
            ("!Sub ['${Queue}', {Queue: !GetAtt Orders.Arn}]", ""),
            ("!If [IsProd, !GetAtt Orders.Arn, !GetAtt Orders.Arn]", ""),
            ("!Sub 'arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:${Orders.QueueName}'", ""),
            ("!Join [':', [arn, aws, sqs, !Ref AWS::Region, !Ref AWS::AccountId, !GetAtt Orders.QueueName]]", ""),
            ("!Sub 'arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:orders'", NAMED),
            ("!Sub 'arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:${Name}'", "QueueName: !Ref Name"),
            ("!Sub 'arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:${Unknown}'", "QueueName: !Ref Unknown"),
            ("!Sub 'arn:aws:sqs:${Unknown}:${AWS::AccountId}:orders'", NAMED),
            ("!Sub 'arn:aws:sqs:us-east-1:123456789012:${Orders.QueueName}'", ""),
            (
                "!Sub 'arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:${Unknown}-orders'",
                "QueueName: !Sub '${Unknown}-orders'",
            ),
            (
                "!Join [':', [arn, aws, sqs, !Ref AWS::Region, !Ref AWS::AccountId, !ImportValue name]]",
                "QueueName: !ImportValue name",
            ),
            ("!Sub 'arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:${AWS::StackName}-orders'", NAMED_BY_STACK),
            (
                "!Join ['', ['arn:aws:sqs:', !Ref AWS::Region, ':', !Ref AWS::AccountId, ':', !Ref AWS::StackName, "
                "'-orders']]",
                NAMED_BY_STACK,
            ),
            ("!Select [1, [x, !GetAtt Orders.Arn]]", ""),
            (
                "!Sub ['arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:${Of}', {Of: !FindInMap [Queues, prod, Name]}]",
                NAMED,
            ),
        ],
    )
    def test_a_queue_is_known_however_it_is_named(self, way, source, queue):
        before = CONDITIONS.replace(
            "Parameters:", "Parameters:\n  Unknown: {Type: String}\n  Name: {Type: String, Default: orders}"
        )
        before += "Mappings: {Queues: {prod: {Name: orders}}}"
        assert ids(template(way, source=source, queue=queue, visibility="29", before=before)) == ["E9902"]
        assert ids(template(way, source=source, queue=queue, before=before)) == []

    @each_way
    @pytest.mark.parametrize("name", ["other", "${Unknown}", "${AWS::StackName}-other"])
    def test_another_queue_is_not_taken_for_this_one(self, way, name):
        source = f"!Sub 'arn:aws:sqs:${{AWS::Region}}:${{AWS::AccountId}}:{name}'"
        before = "Parameters: {Unknown: {Type: String}}"
        assert ids(template(way, source=source, queue=NAMED, visibility="29", before=before)) == []

    @each_way
    @pytest.mark.parametrize(
        "place", ["eu-west-1:123456789012", "${AWS::Region}:123456789012", "eu-west-1:${AWS::AccountId}"]
    )
    def test_a_queue_of_that_name_in_a_place_written_out_is_not_taken_for_this_one(self, way, place):
        source = f"!Sub 'arn:aws:sqs:{place}:orders'"
        assert ids(template(way, source=source, queue=NAMED, visibility="29", redrive="")) == []

    @each_mapping
    def test_a_function_of_that_name_in_a_place_written_out_is_not_taken_for_this_one(self, way):
        consumer = "arn:aws:lambda:us-east-1:123456789012:function:ship"
        assert ids(template(way, consumer=consumer, function="FunctionName: ship", visibility="29")) == []

    @each_way
    @pytest.mark.parametrize(
        ("ours", "theirs"),
        [
            ("!Sub '${One}-orders'", "!Sub '${Two}-orders'"),
            ("!Ref One", "!Ref Two"),
            ("!Join ['-', [!ImportValue one, orders]]", "!Join ['-', [!ImportValue two, orders]]"),
            ("!Join ['-', [!Select [0, !Ref One], orders]]", "!Join ['-', [!Select [0, !Ref Two], orders]]"),
        ],
    )
    def test_a_queue_named_after_something_else_unknown_is_not_taken_for_this_one(self, way, ours, theirs):
        source = f"!Join [':', [arn, aws, sqs, !Ref AWS::Region, !Ref AWS::AccountId, {theirs}]]"
        text = template(
            way,
            source=source,
            queue=f"QueueName: {ours}",
            visibility="29",
            redrive="",
            before="Parameters: {One: {Type: String}, Two: {Type: String}}",
        )
        assert ids(text) == []

    @each_way
    def test_a_fifo_queue_elsewhere_is_known_by_its_name(self, way):
        before = "Parameters: {Name: {Type: String}}"
        for name in ("orders.fifo", "${Name}.fifo"):
            source = f"!Sub 'arn:aws:sqs:${{AWS::Region}}:${{AWS::AccountId}}:{name}'"
            assert ids(template(way, source=source, size="11", window="", before=before)) == ["E9907"]

    ALIAS = "Live: {Type: AWS::Lambda::Alias, Properties: {FunctionName: !Ref Ship, FunctionVersion: 1, Name: live}}"
    VERSION = "One: {Type: AWS::Lambda::Version, Properties: {FunctionName: !GetAtt Ship.Arn}}"

    @each_mapping
    @pytest.mark.parametrize(
        ("consumer", "function", "more"),
        [
            ("!Ref Ship", "", ""),
            ("!GetAtt Ship.Arn", "", ""),
            ("!Sub '${Ship}'", "", ""),
            ("!Sub '${Ship}:live'", "", ""),
            ("!Sub '${Ship.Arn}:live'", "", ""),
            ("!Join [':', [!Ref Ship, live]]", "", ""),
            ("!Sub 'arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:${Ship}'", "", ""),
            ("!Sub 'arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:${Ship}:live'", "", ""),
            ("ship", "FunctionName: ship", ""),
            ("ship:live", "FunctionName: ship", ""),
            ("!Ref Live", "", ALIAS),
            ("!GetAtt Live.AliasArn", "", ALIAS),
            ("!Ref One", "", VERSION),
        ],
    )
    def test_a_function_is_known_however_it_is_named(self, way, consumer, function, more):
        broken = template(way, consumer=consumer, function=function, more=more, visibility="29")
        assert ids(broken) == ["E9902"]

    @pytest.mark.parametrize("consumer", ["!Ref Ship.Alias", "!Ref Ship.Version", "!Sub '${Ship.Alias}'"])
    def test_the_alias_that_sam_makes_is_its_functions(self, consumer):
        assert ids(template(MAPPING, consumer=consumer, function="AutoPublishAlias: live", visibility="29")) == [
            "E9902"
        ]

    @pytest.mark.parametrize("way", [MAPPING, PLAIN])
    def test_an_unknown_function_is_not_judged(self, way):
        assert ids(template(way, consumer="!ImportValue ship", visibility="29")) == []

    @each_way
    def test_a_dead_letter_queue_is_known_by_a_constructed_arn(self, way):
        arn = "!Sub 'arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:${AWS::StackName}-dead'"
        broken = template(
            way,
            redrive=f"{{deadLetterTargetArn: {arn}, maxReceiveCount: 5}}",
            dead_queue="QueueName: !Sub '${AWS::StackName}-dead'",
            dead_retention="",
        )
        assert ids(broken) == ["W9910"]
