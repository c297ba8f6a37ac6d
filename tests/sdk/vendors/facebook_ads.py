"""Meta: App Events and the Conversions API, by `facebook-business`."""

import json

from facebook_business.adobjects.application import Application
from facebook_business.adobjects.serverside.action_source import ActionSource
from facebook_business.adobjects.serverside.app_data import AppData
from facebook_business.adobjects.serverside.custom_data import CustomData
from facebook_business.adobjects.serverside.event import Event
from facebook_business.adobjects.serverside.event_request import EventRequest
from facebook_business.adobjects.serverside.extended_device_info import ExtendedDeviceInfo
from facebook_business.adobjects.serverside.user_data import UserData
from facebook_business.api import FacebookAdsApi
from facebook_business.session import FacebookSession

from vendors import Case

DEVICE = [
    "ext_info_version", "app_package_name", "short_version", "long_version", "os_version", "device_model_name",
    "locale", "timezone_abbreviation", "carrier", "screen_width", "screen_height", "screen_density",
    "cpu_core_count", "total_disk_space_gb", "free_disk_space_gb", "device_time_zone",
]  # fmt: skip


def init(url, ours):
    FacebookSession.GRAPH = url
    version = ours.path.split("/")[1]
    FacebookAdsApi.init(access_token=ours.body["access_token"], api_version=version, crash_log=False)


def app_event(url, ours):
    init(url, ours)
    params = {name: value for name, value in ours.body.items() if not name.startswith("ud[") and name != "access_token"}
    for name in ("custom_events", "extinfo"):
        params[name] = json.loads(params[name])
    for name in ("advertiser_tracking_enabled", "application_tracking_enabled"):
        params[name] = params[name] == "1"
    params["ud"] = {name[3:-1]: value for name, value in ours.body.items() if name.startswith("ud[")}
    Application(ours.path.split("/")[2]).create_activity(params=params)


def conversion(url, ours):
    init(url, ours)
    [event] = ours.body["data"]
    user, app, custom = event["user_data"], event["app_data"], event["custom_data"]
    # What ours tells as hashes goes in as it was, so that the SDK's way to hash is held against ours.
    user_data = UserData(
        email="ada@example.com",
        phone="+12025550143",
        external_id="u1",
        madid=user["madid"],
        anon_id=user["anon_id"],
        client_ip_address=user["client_ip_address"],
        client_user_agent=user["client_user_agent"],
    )
    app_data = AppData(
        advertiser_tracking_enabled=bool(app["advertiser_tracking_enabled"]),
        application_tracking_enabled=bool(app["application_tracking_enabled"]),
        extinfo=ExtendedDeviceInfo(**dict(zip(DEVICE, app["extinfo"], strict=True))),
    )
    sent = Event(
        event_name=event["event_name"],
        event_time=event["event_time"],
        event_id=event["event_id"],
        action_source=ActionSource.APP,
        user_data=user_data,
        app_data=app_data,
        custom_data=CustomData(**custom),
    )
    dataset = ours.path.split("/")[2]
    EventRequest(dataset, events=[sent], access_token=ours.body["access_token"]).execute()


def opened(sent):
    """What is JSON in the form's texts, truth as a number, and the fields of the table `ud` one by one."""
    body = sent.body
    for name in ("custom_events", "extinfo"):
        body[name] = json.loads(body[name])
    for name in ("advertiser_tracking_enabled", "application_tracking_enabled"):
        body[name] = {"true": "1", "false": "0"}.get(body[name], body[name])
    for name, value in json.loads(body.pop("ud", "{}")).items():
        body[f"ud[{name}]"] = value
    return sent


def opened_conversion(sent):
    """The form's `data` is an array of texts, each JSON."""
    sent.body["data"] = [json.loads(event) for event in json.loads(sent.body["data"])]
    return sent


TOKEN = {
    "body.access_token": "in the body, where no log of addresses shows it; Meta's reference has it there too",
    "query access_token": "in the body, see above",
}
CASES = [
    Case(
        name="app event",
        send=app_event,
        read=opened,
        read_ours=opened,
        dedup=None,
        answer={"success": True},
        meant={
            **TOKEN,
            "header x-forwarded-for": "the customer's address; the SDK has no place for it",
        },
    ),
    Case(
        name="conversion",
        event="subscription_expired",
        heading="everything is known, other settings",
        send=conversion,
        read=opened_conversion,
        dedup="body.data/0.event_id",
        answer={"events_received": 1, "fbtrace_id": "A", "messages": []},
        meant={
            **TOKEN,
            "header content-type": "Meta takes both; in a form each event is JSON within JSON",
            "body.data/0.user_data.external_id/0": "hashed, as Meta's reference recommends; the SDK leaves that to its caller",
            "body.data/0.app_data.*_tracking_enabled": "Meta's reference writes 0 and 1",
        },
    ),
]
