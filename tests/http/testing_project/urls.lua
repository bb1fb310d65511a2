-- SPDX-License-Identifier: MIT
local urls = require "perilune.urls"
local views = require "shop.views"

return {
  urls.path("", views.list, { name = "list" }),
  urls.path("add/", views.add, { name = "add" }),
  urls.path("echo/", views.echo, { name = "echo" }),
  urls.path("count/", views.count, { name = "count" }),
  urls.path("boom/", views.boom, { name = "boom" }),
  urls.path("loop/", views.loop, { name = "loop" }),
  urls.path("each/", views.each, { name = "each" }),
  urls.path("stream/", views.stream, { name = "stream" }),
  urls.path("fibers/", views.fibers, { name = "fibers" }),
}
