-- SPDX-License-Identifier: MIT
-- The files of a new app.
local M = {}

M.files = {
  { path = "app.lua", text = [[
return {
  -- label = "@NAME@",            -- how other parts of the project call it
  -- verbose_name = "…",          -- how people call it
  -- ready = function() end,      -- runs once, when all apps are loaded
}
]] },
  { path = "models.lua", text = [[
local models = require "perilune.models"

local M = {}

-- When something has changed here: perilune makemigrations && perilune migrate
--
-- M.Item = models.Model("Item", {
--   name = models.CharField { max_length = 100 },
--   created_at = models.DateTimeField { auto_now_add = true },
--   Meta = { ordering = { "-created_at" } },
-- })
-- function M.Item.__tostring(self)
--   return self.name
-- end

return M
]] },
  { path = "urls.lua", text = [[
local urls = require "perilune.urls"
local views = require "@NAME@.views"

return {
  app_name = "@NAME@", -- reverse("@NAME@:index")
  urls.path("", views.index, { name = "index" }),
}
]] },
  { path = "views.lua", text = [[
local http = require "perilune.http"

local M = {}

function M.index(request)
  return http.render(request, "@NAME@/index.html", { name = "@NAME@" })
end

return M
]] },
  { path = "templates/@NAME@/index.html", text = [[
This is {{ name }}.
]] },
  { path = "tests/test_views.lua", text = [[
local test = require "perilune.test"
local urls = require "perilune.urls"

-- perilune test @NAME@
describe("@NAME@", function()
  it("shows its page", function()
    local routes = urls.include("@NAME@.urls", { namespace = "@NAME@" })
    test.override_settings({ root_urlconf = { urls.path("@NAME@/", routes) } }, function()
      local response = test.client:get(urls.reverse("@NAME@:index"))
      assert.status(response, 200)
      assert.template_used(response, "@NAME@/index.html")
    end)
  end)
end)
]] },
}

return M
