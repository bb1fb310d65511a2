-- SPDX-License-Identifier: MIT
local test = require "perilune.test"
local cache = require "perilune.cache"
local exceptions = require "perilune.exceptions"
local http = require "perilune.http"
local middleware = require "shop.middleware"
local time = require "perilune.time"
local describe, it, assert = test.describe, test.it, test.assert

describe("tracking of the API", function()
  it("counts each endpoint", function()
    for _ = 1, 3 do
      test.client:get "/api/categories/"
    end
    test.client:get "/about/"
    assert.equal(3, cache:get(("api_usage:%s:/api/categories/:GET"):format(time.today())))
  end)

  it("counts what leads nowhere together", function()
    test.client:get "/api/a/"
    test.client:get "/api/b/"
    assert.equal(2, cache:get(("api_usage:%s:(none):GET"):format(time.today())))
  end)
end)

describe("the rate limit", function()
  local function layer(limit)
    return middleware.rate_limit(function()
      return http.Response "inner"
    end, { rate_limit = limit })
  end

  it("answers 429 past it", function()
    local call, request = layer { 3, 60 }, test.RequestFactory():get "/"
    for _ = 1, 3 do
      assert.equal(200, call(request).status_code)
    end
    local response = call(request)
    assert.equal(429, response.status_code)
    assert.is_true(tonumber(response.headers["Retry-After"]) <= 60)
  end)

  it("is left out without a setting", function()
    local ok, err = pcall(layer, false)
    assert.is_false(ok)
    assert.is_true(exceptions.is(err, "MiddlewareNotUsed"))
  end)
end)
