# SPDX-License-Identifier: MIT
from django.db import models
class Place(models.Model):
    name = models.CharField(max_length=50)
    best = models.ForeignKey("shop.Product", null=True, on_delete=models.SET_NULL, related_name="+")
class Stored(models.Model):
    place = models.ForeignKey("Place", on_delete=models.CASCADE)
    product = models.ForeignKey("shop.Product", on_delete=models.CASCADE)
    n = models.IntegerField(default=0)
