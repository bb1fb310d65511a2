# SPDX-License-Identifier: MIT
from django.db import models
from django.db.backends.signals import connection_created
from django.dispatch import receiver


class World(models.Model):
    id = models.IntegerField(primary_key=True)
    randomnumber = models.IntegerField()

    class Meta:
        db_table = "world"

    def as_dict(self):
        return {"id": self.id, "randomNumber": self.randomnumber}


class Fortune(models.Model):
    id = models.IntegerField(primary_key=True)
    message = models.TextField()

    class Meta:
        db_table = "fortune"


@receiver(connection_created)
def as_everywhere(sender, connection, **kwargs):
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous = NORMAL")
