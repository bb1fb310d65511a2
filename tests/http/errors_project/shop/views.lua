-- SPDX-License-Identifier: MIT
local exceptions = require "perilune.exceptions"
local http = require "perilune.http"
local signing = require "perilune.signing"

local M = { names = {} }

-- Every view added here has a route of its own name.
local function view(name, fn)
  M.names[#M.names + 1] = name
  M[name] = fn
end

function M.home()
  return "home"
end

function M.product(_, params)
  error(exceptions.Http404(("no product with the number %d"):format(params.pk)))
end

local function price_of(product, currency)
  local rate = product.rates[currency]
  return product.price * rate.value
end

view("nil_field", function()
  local password, note = "hunter2-in-local", "<b>bold</b> & \"quoted\""
  local nested = { level = { deeper = { hidden = true } }, api_token = "hunter2-in-nested" }
  local product = { price = 12, rates = {}, title = note, nested = nested, secret = password }
  return price_of(product, "EUR")
end)

-- Nothing of the view is on the stack when a tail call or a template fails.
view("tail", function(request)
  return http.render(request, "shop/raises.html", { fails = string.rep })
end)

view("wrapped_tail", http.require_GET(function(request)
  return http.render(request, "shop/raises.html", { fails = string.rep })
end))

view("wrapped_nothing", http.require_GET(http.no_append_slash(function()
end)))

view("text", function()
  error("a plain text")
end)

view("object", function()
  error(exceptions.ValueError("an object's text", { hint = "a hint of the author's" }))
end)

view("dot_call", function()
  local page = require("perilune.paginator").Paginator({ 1, 2 }, 1).page()
  return page
end)

view("table_error", function()
  error { code = 7 }
end)

view("nil_error", function()
  error(nil)
end)

view("number_error", function()
  error(42)
end)

view("bad_tostring", function()
  error(setmetatable({}, {
    __tostring = function()
      error "not even this"
    end,
  }))
end)

view("markup_error", function(request)
  local name = request.GET and request.GET.name or "<img src=x onerror=alert(1)>"
  error(exceptions.ValueError("no such thing: " .. name))
end)

view("nothing", function() end)

view("number", function()
  return 12
end)

view("recursion", function()
  local function down(n)
    return 1 + down(n + 1)
  end
  return tostring(down(1))
end)

view("c_recursion", function()
  local function down(text)
    return (text:gsub(".", down))
  end
  return down("x")
end)

view("misspelt", function()
  local product = { title = "tea" } -- luacheck: ignore
  return prodct.title -- luacheck: ignore
end)

view("undeclared", function()
  counter = 1 -- luacheck: ignore
end)

view("no_module", function()
  return require("shop.veiws").home()
end)

view("circular", function()
  return require("shop.circle_a").text
end)

view("endless", function()
  while true do end
end)

view("endless_pcall", function()
  while true do
    pcall(function()
      while true do end
    end)
  end
end)

view("memory", function()
  local list = {}
  while true do
    list[#list + 1] = ("x"):rep(2 ^ 20) .. #list
  end
end)

view("forbidden", function()
  error(exceptions.PermissionDenied("not for you: <b>"))
end)

view("bad_request", function()
  error(exceptions.BadRequest("the body makes no sense"))
end)

view("suspicious", function()
  error(exceptions.SuspiciousOperation("somebody plays tricks\nfaked line"))
end)

view("too_big", function()
  error(exceptions.RequestDataTooBig("the body is too large"))
end)

view("needs_secret", function()
  return signing.dumps { a = 1 }
end)

view("reverse", function()
  return require("perilune.urls").reverse("shop:no-such-route")
end)

view("coroutine_error", function()
  local next_part = coroutine.wrap(function()
    coroutine.yield "first"
    error("inside of a coroutine")
  end)
  next_part()
  return next_part()
end)

view("stream", function()
  local n = 0
  return http.StreamingResponse(function()
    n = n + 1
    if n > 3 then
      error("the stream breaks off")
    end
    return ("piece %d\n"):format(n)
  end)
end)

view("stream_object", function()
  return http.StreamingResponse(function()
    error(exceptions.ValueError("an object breaks the stream"))
  end)
end)

view("read_form", function(request)
  local _ = request.POST
  error("after reading the form")
end)

view("many_values", function()
  local big, list, deep = ("long "):rep(10000), {}, {}
  for i = 1, 1000 do
    list[i] = ("item %d "):format(i):rep(50)
  end
  deep.itself = deep
  local touched = false
  local trap = setmetatable({}, {
    __index = function()
      touched = true
      error "looked at"
    end,
    __pairs = function()
      touched = true
      error "walked"
    end,
    __tostring = function()
      touched = true
      error "shown"
    end,
    __name = "Trap<i>",
  })
  local control = "bell \7 escape \27 invalid \xff\xfe direction \u{202E} end"
  error("many values " .. #big .. #list .. tostring(touched) .. tostring(deep.itself == deep) .. tostring(rawequal(trap, nil)) .. #control)
end)

-- Thirty frames with forty variables each, all of it to be escaped: a page as large as can be.
do
  local lines = { "local down", "function down(n)" }
  for i = 1, 40 do
    lines[#lines + 1] = ("  local v%d = { q = ('\"'):rep(300), l = ('<'):rep(300), a = ('&'):rep(300), z = ('\\0'):rep(300) }"):format(i)
  end
  lines[#lines + 1] = "  if n > 30 then error(('<\"&'):rep(5000)) end"
  lines[#lines + 1] = "  local deeper = down(n + 1)\n  return deeper\nend\nreturn down"
  local down = assert(load(table.concat(lines, "\n"), "@shop/generated.lua"))()
  view("wide", function()
    return down(1)
  end)
end

return M
