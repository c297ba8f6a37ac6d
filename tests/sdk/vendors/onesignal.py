"""OneSignal: whose subscription it is, then the user's tags, by `onesignal-python-api`."""

import onesignal
from onesignal.api.default_api import DefaultApi
from onesignal.models import PropertiesObject, UpdateUserRequest

from vendors import Case


def api(url, ours):
    key = ours.headers["authorization"].removeprefix("Key ")
    return DefaultApi(onesignal.ApiClient(onesignal.Configuration(host=url, rest_api_key=key)))


def ask(url, ours):
    _, _, app, _, subscription, _, _ = ours.path.split("/")
    api(url, ours).get_aliases_by_subscription(app, subscription, _check_return_type=False)


def update(url, ours):
    _, _, app, _, _, label, user = ours.path.split("/")
    tags = ours.body["properties"]["tags"]
    request = UpdateUserRequest(properties=PropertiesObject(tags=tags))
    api(url, ours).update_user(app, label, user, request, _check_return_type=False)


MEANT = {
    "header accept": "the SDK names the only form that OneSignal answers in",
    "header os-usage-data": "the SDK names itself",
}
CASES = [
    Case(name="question", send=ask, dedup=None, meant=MEANT),
    Case(name="tags", send=update, number=1, dedup=None, meant=MEANT),
]
