"""A book whose shelf mark a dynamic provider derives from its title."""

from hashlib import sha256

import pulumi
from pulumi.dynamic import CreateResult, Resource, ResourceProvider


class Shelves(ResourceProvider):
    def create(self, props):
        return CreateResult(sha256(props["title"].encode()).hexdigest()[:8], props)


class Book(Resource):
    def __init__(self, name: str, title: str):
        super().__init__(Shelves(), name, {"title": title})


pulumi.export("answer", Book("novel", "a leaking tap").id)
