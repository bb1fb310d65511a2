# SPDX-License-Identifier: MIT
from random import randint

from django.db import transaction
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render

from .models import Fortune, World

kept = {}


def random_id():
    return randint(1, 10000)


def some(text, make):
    n = int(text) if text and text.isdigit() else 1
    return [make() for _ in range(min(max(n, 1), 500))]


def random_world():
    return World.objects.get(pk=random_id())


def as_json(worlds):
    return JsonResponse([w.as_dict() for w in worlds], safe=False)


def plaintext(request):
    return HttpResponse("Hello, World!", content_type="text/plain")


def json(request):
    return JsonResponse({"message": "Hello, World!"})


def db(request):
    return JsonResponse(random_world().as_dict())


def queries(request):
    return as_json(some(request.GET.get("queries"), random_world))


def updates(request):
    with transaction.atomic():
        worlds = some(request.GET.get("queries"), random_world)
        for world in worlds:
            world.randomnumber = random_id()
        World.objects.bulk_update({w.id: w for w in worlds}.values(), ["randomnumber"])
    return as_json(worlds)


def fortunes(request):
    rows = list(Fortune.objects.all())
    rows.append(Fortune(id=0, message="Additional fortune added at request time."))
    rows.sort(key=lambda fortune: fortune.message)
    return render(request, "fortunes.html", {"fortunes": rows})


def cached(request):
    if not kept:
        kept.update((w.id, w) for w in World.objects.all())
    return as_json(some(request.GET.get("count"), lambda: kept[random_id()]))
