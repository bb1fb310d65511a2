-- SPDX-License-Identifier: MIT
local http = require "perilune.http"
local time = require "perilune.time"

local M = {}

function M.index(request)
  return http.render(request, "shop/index.html", { products = { { pk = 1, name = "<Tea>" }, { pk = 2, name = "Milk" } } })
end

function M.detail(request, params)
  return http.render(request, { "shop/none.html", "shop/detail.html" }, { pk = params.pk }, { status = 201, content_type = "text/plain", headers = { ["X-A"] = "b" } })
end

function M.late(request)
  local response = http.TemplateResponse(request, "shop/late.html", { a = 1 })
  response:add_post_render_callback(function(r)
    r.headers["X-Length"] = tostring(#r.content)
  end)
  return response
end

function M.rendered(request)
  local response = http.TemplateResponse(request, "shop/late.html", { a = 5 })
  assert(not response.is_rendered and not pcall(function()
    return response.content
  end))
  response:render()
  assert(response.is_rendered and response.content == "late 5 \n")
  return response
end

local ways = {
  syntax = function(request)
    return http.render(request, "shop/broken.html")
  end,
  missing = function(request)
    return http.render(request, "shop/indx.html")
  end,
  code = function(request)
    return http.render(request, "shop/outer.html", { bad = function()
      error "from the view"
    end })
  end,
  late = function(request)
    return http.TemplateResponse(request, "shop/outer.html", { bad = function()
      error "from late"
    end })
  end,
  strict = function(request)
    return http.render(request, "shop/strict.html", { customer = { name = "Ann" } })
  end,
  strict_then_fails = function(request)
    http.render(request, "shop/strict.html", { customer = { name = "Ann" } })
    error "after the template"
  end,
  endless = function(request)
    local forever = setmetatable({}, { __len = function()
      return 1000000
    end, __index = function(_, i)
      return i
    end })
    return http.render(request, "shop/loops.html", { list = forever })
  end,
  endless_in_c = function(request)
    local list = {}
    for i = 1, 100000 do
      list[i] = i
    end
    return http.render(request, "shop/loops.html", { list = list })
  end,
}

function M.fails(request, params)
  return ways[params.how](request)
end

-- Waits in the middle of an include in a loop.
function M.waits(request)
  local i = 0
  local function items()
    return function()
      i = i + 1
      time.sleep(0.01)
      return i <= 3 and i or nil
    end
  end
  return http.render(request, "shop/waits.html", { items = items, slow = function()
    time.sleep(0.1)
    return "slow"
  end })
end

return M
