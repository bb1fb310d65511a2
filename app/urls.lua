-- SPDX-License-Identifier: MIT
local urls = require "perilune.urls"
local views = require "core.views"
local path, include = urls.path, urls.include

return {
  path("", include "shop.urls"),
  path("api/", include "shop.api_urls"),
  path("about/", views.home, { name = "home" }),
  path("status/", views.status, { name = "status" }),
  path("status/events/", views.status_events, { name = "status_events" }),
  path("stream/", views.stream, { name = "stream" }),
  path("sign-in/", views.sign_in, { name = "sign_in" }),
  path("sign-out/", views.sign_out, { name = "sign_out" }),
  path("api/health/", views.health, { name = "health" }),
  path("notes/", include "notes.urls"),
  path("api/notes/", include "notes.api_urls"),
  path("uploads/", include "uploads.urls"),

  handler403 = views.forbidden,
  handler404 = views.not_found,
  handler500 = views.server_error,
}
