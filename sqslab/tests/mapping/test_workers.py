"""Which mappings are polled, and that the endpoint's own polling is off."""

import threading

import pytest
from botocore.exceptions import EndpointConnectionError

from sqslab.mapping.event_source_mapping import EventSourceMapping, take_over_mappings
from sqslab.mapping.events import MappingQuestioned, MappingSkipped, OtherPoller, OutageBegan, in_words
from sqslab.workers import Workers


def description(uuid, queue="orders", **changes):
    return {
        "UUID": uuid,
        "EventSourceArn": f"arn:aws:sqs:us-east-1:000000000000:{queue}",
        "FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:ship",
        "State": "Enabled",
        "BatchSize": 10,
    } | changes


class FakeMappings:
    """The part of a Lambda client that knows event source mappings, in pages of one."""

    def __init__(self, *descriptions):
        self.descriptions = {entry["UUID"]: entry for entry in descriptions}
        self.errors = []
        self.timeout = 3
        self.configuration = {}
        self.encrypted = {}  # what a list leaves out

    def get_paginator(self, operation):
        assert operation == "list_event_source_mappings"
        return self

    def paginate(self):
        if self.errors:
            raise self.errors.pop(0)
        return [{"EventSourceMappings": [dict(entry)]} for entry in list(self.descriptions.values())]

    def get_event_source_mapping(self, **request):
        return self.descriptions[request["UUID"]] | self.encrypted

    def update_event_source_mapping(self, **request):
        assert request["Enabled"] is False
        self.descriptions[request["UUID"]]["State"] = "Disabled"


def test_mappings_of_all_pages_are_taken_over_and_switched_off():
    functions = FakeMappings(description("1"), description("2", "movements.fifo", State="Disabled"))
    assert [mapping.uuid for mapping in take_over_mappings(functions)] == ["1", "2"]
    assert {entry["State"] for entry in functions.descriptions.values()} == {"Disabled"}


def test_mappings_of_other_sources_are_left_alone():
    stream = description("1", EventSourceArn="arn:aws:kinesis:us-east-1:000000000000:stream/s")
    kafka = description("2")
    del kafka["EventSourceArn"]  # a self-managed one has none
    functions = FakeMappings(stream, kafka)
    assert take_over_mappings(functions) == []
    assert {entry["State"] for entry in functions.descriptions.values()} == {"Enabled"}


@pytest.mark.parametrize("types", [None, [], ["ReportBatchItemFailures"]])
def test_a_mapping_is_read_as_described(types):
    mapping = EventSourceMapping.from_api(
        description("1", FunctionResponseTypes=types, MaximumBatchingWindowInSeconds=5, BatchSize=20)
    )
    assert mapping.reports_item_failures == bool(types)
    assert (mapping.window, mapping.batch_size) == (5, 20)
    assert (mapping.queue_name, mapping.account, mapping.function_name) == ("orders", "000000000000", "ship")


def test_a_mapping_of_an_alias_keeps_it():
    mapping = EventSourceMapping.from_api(description("1", FunctionArn=description("1")["FunctionArn"] + ":live"))
    assert mapping.function_arn.endswith(":function:ship:live")
    assert mapping.function_name == "ship"


@pytest.fixture
def polled(stage):
    """Workers on mappings that the test may change while they run."""

    def open_with(functions, **options):
        stage.sqs.get_queue_attributes = lambda **_: {"Attributes": {"VisibilityTimeout": "30"}}
        stage.functions.get_function_configuration = lambda **_: (
            {"Timeout": functions.timeout} | functions.configuration
        )
        stage.functions.get_paginator = functions.get_paginator
        stage.functions.get_event_source_mapping = functions.get_event_source_mapping
        stage.functions.update_event_source_mapping = functions.update_event_source_mapping
        return Workers("http://endpoint", stage.clients, stage.mapping_events.append, **options)

    return open_with


def test_messages_of_a_mapping_are_processed_while_it_is_polled(stage, polled, make_message, wait_for):
    stage.sqs.batches = [[make_message("a")]]
    with polled(FakeMappings(description("1"))) as pollers:
        assert len(pollers) == 1
        wait_for(stage.deleted)
    assert stage.deleted() == ["handle of a"]


def test_a_mapping_that_is_added_is_polled_and_one_that_is_gone_is_not(stage, polled):
    functions = FakeMappings(description("1"))
    with polled(functions) as pollers:
        functions.descriptions = {"2": description("2", "others"), "3": description("3", "more")}
        assert pollers.refresh()
        assert len(pollers) == 2


def test_a_mapping_that_is_switched_on_again_is_switched_off_again(stage, polled):
    functions = FakeMappings(description("1"))
    with polled(functions) as pollers:
        functions.descriptions["1"]["State"] = "Enabled"
        pollers.refresh()
    assert functions.descriptions["1"]["State"] == "Disabled"


def test_a_mapping_that_aws_refuses_is_not_polled_until_it_is_mended_and_told_once(stage, polled):
    functions = FakeMappings(description("1", BatchSize=100), description("2", "others"))
    with polled(functions) as pollers:
        pollers.refresh()
        assert len(pollers) == 1
        functions.descriptions["1"]["MaximumBatchingWindowInSeconds"] = 1
        pollers.refresh()
        assert len(pollers) == 2
    assert [(type(told), told.polled) for told in stage.mapping_events] == [(MappingQuestioned, False)]


@pytest.mark.parametrize("images", [False, True])
def test_a_function_that_is_a_container_image_is_polled_only_where_it_is_known_to_run(stage, polled, images):
    functions = FakeMappings(description("1"))
    functions.configuration = {"PackageType": "Image"}
    with polled(functions, images=images) as pollers:
        pollers.refresh()
        assert len(pollers) == images
    told = [] if images else [MappingSkipped]
    assert [type(mapping_event) for mapping_event in stage.mapping_events] == told
    assert images or in_words(stage.mapping_events[0]).startswith("orders: not polled, ship is a container image")


def test_a_mapping_whose_filters_cannot_be_read_is_not_polled_and_told_once(stage, polled):
    error = {"ErrorCode": "KMSAccessDeniedException", "Message": "no right to the key"}
    functions = FakeMappings(description("1", KMSKeyArn="arn:aws:kms:us-east-1:000000000000:key/1"))
    functions.encrypted = {"FilterCriteriaError": error}
    with polled(functions) as pollers:
        pollers.refresh()
        assert len(pollers) == 0
        (told,) = stage.mapping_events
        functions.encrypted = {"FilterCriteria": {"Filters": [{"Pattern": '{"body": ["a"]}'}]}}
        pollers.refresh()
        assert len(pollers) == 1
        (poller,) = pollers._running.values()
        assert poller.mapping.filters == ('{"body": ["a"]}',)
    assert in_words(told) == (
        "orders: not polled, its filter criteria cannot be read (KMSAccessDeniedException: no right to the key)"
    )


def test_the_mappings_to_poll_may_come_from_elsewhere(stage, polled):
    functions = FakeMappings(description("1"))
    with polled(functions, mappings=lambda: [EventSourceMapping.from_api(description("2", "others"))]) as pollers:
        assert len(pollers) == 1
    assert functions.descriptions["1"]["State"] == "Enabled"


def test_pollers_that_rest_have_finished_what_was_in_flight_and_begin_again(stage, polled, make_message, wait_for):
    # given a batch that is with the function
    invoked, go_on, order = threading.Event(), threading.Event(), []
    invoke = stage.functions.invoke

    def slowly(**request):
        invoked.set()
        go_on.wait()
        order.append("invoked")
        return invoke(**request)

    stage.functions.invoke = slowly
    stage.sqs.batches = [[make_message("a")]]
    with polled(FakeMappings(description("1"))) as pollers:
        (poller,) = pollers._running.values()
        assert invoked.wait(60)
        # when
        resting = threading.Thread(target=lambda: (pollers.rest(), order.append("rested")))
        resting.start()
        wait_for(poller._stopping.is_set)
        go_on.set()
        resting.join()
        # then
        assert order == ["invoked", "rested"]
        assert stage.deleted() == ["handle of a"]
        assert len(pollers) == 0
        pollers.refresh()
        assert len(pollers) == 1


def test_a_second_poller_of_an_endpoint_is_told_of_the_first(stage, polled):
    def of(url):
        told = []
        pollers = polled(FakeMappings())
        return Workers(url, pollers._clients, told.append), told

    (first, told_first), (second, told_second) = of("http://127.0.0.1:7"), of("http://localhost:7")
    other, told_other = of("http://127.0.0.1:8")
    with first, second, other:
        pass
    third, told_third = of("http://127.0.0.1:7")
    with third:
        pass
    assert told_second == [OtherPoller("http://localhost:7")]
    assert told_first == told_third == told_other == []


def test_an_endpoint_that_is_not_there_yet_is_waited_for(stage, polled):
    functions = FakeMappings(description("1"))
    functions.errors = [EndpointConnectionError(endpoint_url="http://endpoint")]
    with polled(functions) as pollers:
        assert len(pollers) == 1
    assert isinstance(stage.mapping_events[0], OutageBegan)
