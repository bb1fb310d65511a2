# SPDX-License-Identifier: MIT
from django.urls import path

from bench import views

urlpatterns = [
    path("plaintext", views.plaintext),
    path("json", views.json),
    path("db", views.db),
    path("queries", views.queries),
    path("updates", views.updates),
    path("fortunes", views.fortunes),
    path("cached-queries", views.cached),
]
