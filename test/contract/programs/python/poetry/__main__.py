"""Counts the apples of a row of trees."""

import pulumi

apples = pulumi.Output.all(*[10 * tree for tree in range(3)])

pulumi.export("answer", apples.apply(lambda counts: f"{sum(counts)} apples"))
