-- SPDX-License-Identifier: MIT
-- Views that say what reached them.  With one worker the counters are the whole truth.
local http = require "perilune.http"

local M = {}
local served, smuggled = 0, 0

local function copy(map)
  local out = {}
  for key, value in pairs(map) do
    out[key] = value
  end
  return out
end

local function seen(request)
  return {
    method = request.method,
    path = request.path,
    host = request:get_host(),
    headers = copy(request.headers),
    query = copy(request.GET),
    body = #request.body,
  }
end

function M.echo(request)
  served = served + 1
  return http.JsonResponse(seen(request))
end

function M.smuggled(request)
  smuggled = smuggled + 1
  local answer = seen(request)
  answer.smuggled = true
  return http.JsonResponse(answer)
end

function M.stats()
  return http.JsonResponse { served = served, smuggled = smuggled }
end

-- A response of any status, with a body that statuses without one must not send.
function M.status(_, params)
  return http.Response("a body", { status = params.status, content_type = "text/plain" })
end

function M.stream()
  local n = 0
  return http.StreamingResponse(function()
    n = n + 1
    return n <= 5 and ("piece %d\n"):format(n) or nil
  end, { content_type = "text/plain" })
end

function M.long()
  return http.Response(("all work and no play "):rep(500), { content_type = "text/plain" })
end

function M.file()
  return http.FileResponse("file.txt")
end

function M.form(request)
  local fields, files = 0, {}
  for _ in pairs(request.POST) do
    fields = fields + 1
  end
  for key, file in pairs(request.FILES) do
    files[key] = { name = file.name, size = file.size }
  end
  return http.JsonResponse { fields = fields, files = files }
end

function M.json(request)
  return http.JsonResponse { kind = type(request:json()) }
end

return M
