-- SPDX-License-Identifier: MIT
local urls = require "perilune.urls"
local views = require "views"
local path, include = urls.path, urls.include

local list = { app_name = "things", path("<int:pk>/", views.match, { name = "detail", kwargs = { extra = true } }) }

return {
  path("", views.home, { name = "home" }),
  path("echo/", views.echo),
  path("fields/", views.fields),
  path("form/", views.form),
  path("raw/", views.raw),
  path("json/", views.json),
  path("save/", views.save),
  path("late-save/", views.late_save),
  path("late-result/", views.late_result),
  path("where/", views.where),
  path("cookies/", views.cookies),
  path("signed/", views.signed),
  path("things/", include(list)),
  path("string/", views.a_string),
  path("table/", views.a_table),
  path("number/", views.a_number),
  path("stream/", views.stream),
  path("stream-list/", views.stream_list),
  path("stream-wrapped/", views.stream_wrapped),
  path("stream-broken/", views.stream_broken),
  path("stream-endless/", views.stream_endless),
  path("closed/", views.closed),
  path("redirect/<str:kind>/", views.redirect),
  path("tagged/", views.tagged),
  path("post-only/", views.post_only),
  path("missing/", views.missing),
  path("raise/<str:name>/", views.raise),
  path("keep/", views.keep),
  path("kept/", views.kept),
  path("large/", views.large),
  path("change-large/", views.change_large),
  path("not-modified/", views.not_modified),
}
