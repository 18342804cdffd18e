"""The service in one process: real handlers, real authorizer, moto as AWS, and a gateway that follows template.yaml.

The gateway does what API Gateway does for this API: find the route, ask the authorizer unless the route is public,
hand its context to the function. Routes, functions and public routes come from the template, so a route that is
added there is walked here without anybody remembering it.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import boto3

from infra.local.template import load
from sotto.adapters.argon2_passwords import Argon2Passwords
from sotto.adapters.dynamo_users import DynamoUsers
from sotto.entry.authorizer import GatewayAuthorizer, make_authorizer
from sotto.workflows.create_admin import create_admin
from tests.conftest import ROOT

REGION = "eu-central-1"
TABLE, BUCKET, SEED = "sotto-world", "sotto-world", "ab" * 32
ISSUER, AUDIENCE = "urn:sotto:test", "sotto-api"
ADMIN, PASSWORD = "root@example.org", "correct horse battery"
ONE_TIME = "drawn-by-cloudformation-0123456789"
Route = tuple[str, str]


class LambdaContext:
    function_name = "test"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:test"
    aws_request_id = "invocation-1"


@dataclass
class Answer:
    status: int
    body: Any
    headers: dict[str, Any]


def environment(endpoint: str) -> dict[str, str]:
    """What the template and Lambda give to the functions behind the API."""
    queue = f"{endpoint}/123456789012/arrived"
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "SOTTO_TABLE": TABLE,
        "SOTTO_BUCKET": BUCKET,
        "SOTTO_SIGNING_SECRET": "signing",
        "SOTTO_BOOTSTRAP_SECRET": "bootstrap",
        "SOTTO_ISSUER": ISSUER,
        "SOTTO_AUDIENCE": AUDIENCE,
        "SOTTO_WEB_URL": "https://sotto.example.org",
        "SOTTO_REQUESTS_PER_MINUTE": "100000",
        "SOTTO_REQUEST_BURST": "10000",
        "SOTTO_SIGN_UP": "open",
        "SOTTO_ARRIVED_QUEUE_URL": queue,
        "SOTTO_FETCH_QUEUE_URL": queue,
        "SOTTO_DEAD_LETTER_QUEUE_URLS": queue,
        "SOTTO_FAST_QUEUE_URL": queue,
        "SOTTO_BULK_QUEUE_URL": queue,
    }


def routes_of_template() -> tuple[dict[Route, str], set[Route]]:
    """(route -> function's folder, public routes), from template.yaml."""
    functions: dict[Route, str] = {}
    public: set[Route] = set()
    for resource in load(ROOT / "template.yaml")["Resources"].values():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        for event in resource["Properties"].get("Events", {}).values():
            if event["Type"] != "Api":
                continue
            route = event["Properties"]["Method"], event["Properties"]["Path"]
            functions[route] = str(resource["Properties"]["CodeUri"]).rpartition("/")[2]
            if event["Properties"].get("Auth") == {"Authorizer": "NONE"}:
                public.add(route)
    return functions, public


@dataclass
class World:
    endpoint: str
    handlers: dict[str, Callable[[dict[str, Any], Any], dict[str, Any]]] = field(default_factory=dict)
    authorizer: GatewayAuthorizer = field(init=False)
    address: str = "192.0.2.1"

    def __post_init__(self) -> None:
        self.routes, self.public = routes_of_template()
        self.environment = environment(self.endpoint)
        self._session = boto3.Session("testing", "testing", region_name=REGION)
        self.dynamodb = self._session.client("dynamodb", endpoint_url=self.endpoint)
        self.secrets = self._session.client("secretsmanager", endpoint_url=self.endpoint)
        self.s3 = self._session.client("s3", endpoint_url=self.endpoint)
        self._build()

    def _build(self) -> None:
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        self.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        self._session.client("sqs", endpoint_url=self.endpoint).create_queue(QueueName="arrived")
        names = ("pk", "sk", "due_pk", "due_sk")
        self.dynamodb.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "due",
                    "KeySchema": [
                        {"AttributeName": "due_pk", "KeyType": "HASH"},
                        {"AttributeName": "due_sk", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
        )
        key = self._session.client("kms", endpoint_url=self.endpoint).create_key(
            KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY"
        )
        self.environment["SOTTO_RECEIPT_KEY"] = key["KeyMetadata"]["Arn"]
        self.secrets.create_secret(Name="signing", SecretString=json.dumps({"retired": [], "seed": SEED}))
        self.secrets.create_secret(Name="bootstrap", SecretString=json.dumps({"password": ONE_TIME}))
        create_admin(DynamoUsers(self.dynamodb, TABLE), Argon2Passwords(), ADMIN, PASSWORD)

    def open(self) -> None:
        """Load the functions; the environment is in place."""
        self.authorizer = make_authorizer(self.environment)
        for name in sorted(set(self.routes.values())):
            self.handlers[name] = importlib.import_module(f"functions.{name}.handler").handler

    def call(
        self,
        method: str,
        resource: str,
        *,
        body: Any = None,
        token: str | None = None,
        headers: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
        **path: str,
    ) -> Answer:
        """One request through the gateway. `path` fills the placeholders of `resource`."""
        sent = {**({"Authorization": f"Bearer {token}"} if token is not None else {}), **(headers or {})}
        target = resource.format(**path)
        event: dict[str, Any] = {
            "httpMethod": method,
            "resource": resource,
            "path": target,
            "headers": sent,
            "multiValueHeaders": {name: [value] for name, value in sent.items()},
            "queryStringParameters": query,
            "multiValueQueryStringParameters": {name: [value] for name, value in (query or {}).items()} or None,
            "pathParameters": path or None,
            "body": body if isinstance(body, str) or body is None else json.dumps(body),
            "isBase64Encoded": False,
            "requestContext": {"requestId": "request-1", "stage": "v1", "identity": {"sourceIp": self.address}},
        }
        if (method, resource) not in self.public:
            context = self.authorize(event, method, target)
            if context is None:
                return Answer(401, {"code": "unauthenticated"}, {})
            event["requestContext"]["authorizer"] = context
        raw = self.handlers[self.routes[method, resource]](event, LambdaContext())
        text = raw.get("body") or ""
        headers_out = {name: values[0] for name, values in (raw.get("multiValueHeaders") or {}).items()}
        is_json = "json" in str(headers_out.get("Content-Type"))
        return Answer(int(raw["statusCode"]), json.loads(text) if text and is_json else text, headers_out)

    def authorize(self, event: dict[str, Any], method: str, target: str) -> dict[str, str] | None:
        """The authorizer's context, or None for a 401, as the gateway reads the policy."""
        if "Authorization" not in event["headers"] and "X-API-Key" not in event["headers"]:
            return None  # the gateway does not even ask
        arn = f"arn:aws:execute-api:{REGION}:123456789012:api/v1/{method}{target}"
        policy = self.authorizer({**event, "type": "REQUEST", "methodArn": arn}, LambdaContext())
        (statement,) = policy["policyDocument"]["Statement"]
        assert statement["Resource"] == f"arn:aws:execute-api:{REGION}:123456789012:api/v1/*"
        return policy["context"] if statement["Effect"] == "Allow" else None

    def sign_in(self, email: str = ADMIN, password: str = PASSWORD) -> dict[str, Any]:
        answer = self.call("POST", "/auth/sign-in", body={"email": email, "password": password})
        assert answer.status == 200, answer.body
        return dict(answer.body)

    def mails(self) -> list[str]:
        """The mails in the outbox, newest first."""
        found = self.dynamodb.query(
            TableName=TABLE,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": "SYSTEM#MAIL"}},
            ScanIndexForward=False,
        )
        return [row["text"]["S"] for row in found["Items"]]

    def join(self, email: str) -> dict[str, Any]:
        """Invite, sign up and sign in a user; the tokens."""
        admin = self.sign_in()["access_token"]
        assert self.call("POST", "/invitations", body={"email": email}, token=admin).status == 204
        token = self.mails()[0].split("invitation=")[1].split()[0]
        assert self.call("POST", "/auth/sign-up", body={"invitation": token, "password": PASSWORD}).status == 201
        return self.sign_in(email)
