"""What the fuzzer holds every answer against beyond the schemas, and what keeps its requests worth sending.

Loaded by Schemathesis (SCHEMATHESIS_HOOKS). It gets its credentials from the desk of the program that started it
(`desk.ts`), and tells the desk when they have been fuzzed away: an agent may delete itself, and a customer unregister.
"""

import atexit
import json
import os
import random
import re
import threading
import urllib.request
from collections import Counter, defaultdict

import schemathesis

DESK = os.environ["STROWGER_FUZZ_DESK"]
POOL = 200
LOCK = threading.Lock()
UUID = re.compile(r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
# Nothing that is asked for here may reach another machine; the nine of loopback is nobody.
FAR = re.compile(r"(?i)\b(https?|wss?|sips?)(:/{0,2})([^\s/?#@\"\\]*@)?[^\s/?#@\"\\:;]+")
OURS = ("127.0.0.1", "[::1]", "localhost")

answered = Counter()
known = defaultdict(list)
credentials = {}


def ask_desk(path):
    with urllib.request.urlopen(DESK + path, timeout=60) as answer:
        return json.load(answer)


def renew(path):
    credentials.clear()
    credentials.update(ask_desk(path))
    known.clear()
    for family, ids in credentials.pop("ids", {}).items():
        known[family].extend(ids)


renew("/credentials")


@atexit.register
def report():
    request = urllib.request.Request(DESK + "/answered", data=json.dumps(answered).encode(), method="POST")
    urllib.request.urlopen(request, timeout=60).close()


def family_of(operation):
    words = [word for word in operation.path.split("/") if word not in ("", "v1.0", "service_agents")]
    return {"recordingfiles": "recordings", "files": "storage_files"}.get(words[0], words[0])


@schemathesis.hook
def before_call(context, case, kwargs):
    if "authorization" in credentials and "Authorization" not in (case.headers or {}):
        case.headers["Authorization"] = credentials["authorization"]
    for name, value in list((case.path_parameters or {}).items()):
        own = known[family_of(case.operation)]
        if own and isinstance(value, str) and UUID.match(value) and random.random() < 0.7:
            case.path_parameters[name] = random.choice(own)
    if isinstance(case.query, dict) and "wait" in case.query:
        case.query["wait"] = 0
    case.body = near(case.body)


def near(value):
    """The same value with every address inside moved to this machine."""
    if isinstance(value, str):
        return FAR.sub(lambda found: f"{found[1]}{found[2]}{found[3] or ''}127.0.0.1", value)
    if isinstance(value, list):
        return [near(each) for each in value]
    if isinstance(value, dict):
        return {key: near(each) for key, each in value.items()}
    return value


@schemathesis.hook
def after_call(context, case, response):
    with LOCK:
        answered[f"{case.operation.method.upper()} {case.operation.path} {response.status_code}"] += 1
        body = body_of(response)
        if response.status_code < 300 and isinstance(body.get("id"), str):
            ids = known[family_of(case.operation)]
            if body["id"] not in ids:
                ids.append(body["id"])
                del ids[:-POOL]
        sent = case.headers.get("Authorization") if case.headers else None
        lost = reason_of(body) in ("INVALID_CREDENTIALS", "ACCOUNT_FROZEN")
        ended = case.operation.path in ("/auth/unregister", "/auth/logout") and response.status_code < 300
        if "authorization" in credentials and sent == credentials["authorization"] and (lost or ended):
            renew("/lost")


def body_of(response):
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def reason_of(body):
    error = body.get("error", body)
    return error.get("reason") if isinstance(error, dict) else None


@schemathesis.check
def promised_refusal(ctx, response, case):
    """A refusal is the envelope, names its page, and has a reason that the operation promises."""
    if response.status_code < 400:
        return
    body = body_of(response)
    error = body.get("error")
    if error is None and (response.headers.get("content-type") or [""])[0].startswith("application/problem+json"):
        error = body
    assert isinstance(error, dict), f"no envelope: {response.text[:300]}"
    reason, domain = error.get("reason"), error.get("domain")
    assert error.get("request_id") == response.headers["x-request-id"][0], "another request id than the header's"
    assert response.headers["link"] == [f'</docs/errors/{reason}>; rel="help"'], "no page of the reason"
    if reason == "RATE_LIMIT_EXCEEDED":
        assert "retry-after" in response.headers, "no Retry-After"
    # a made-up part of a path can make it a path of nobody
    if (domain, reason) == ("api-manager", "ROUTE_NOT_FOUND") or case.method.upper() != case.operation.method.upper():
        return
    name = reason if domain == "api-manager" else f"{domain}/{reason}"
    promised = case.operation.definition.raw["x-reasons"]
    assert name in promised, f"{name} is not among the reasons of {case.operation.label}"
