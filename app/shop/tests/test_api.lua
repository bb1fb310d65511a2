-- SPDX-License-Identifier: MIT
local test = require "perilune.test"
local decimal = require "perilune.decimal"
local factories = require "shop.tests.factories"
local models = require "shop.models"
local describe, it, assert = test.describe, test.it, test.assert

local client = test.client

describe("the API", function()
  it("lists products in pages", function()
    for _ = 1, 25 do
      factories.product()
    end
    local first = client:get("/api/products/", { query = { page_size = 10 } }):json()
    assert.equal(25, first.count)
    assert.equal(3, first.num_pages)
    assert.equal(10, #first.results)
    local second = client:get(first.next:match "^http://[^/]+(/.*)$"):json()
    assert.equal(2, second.page)
    assert.equal(10, #second.results)
  end)

  it("asks twice for any page", function()
    for _ = 1, 10 do
      factories.product()
    end
    client:get "/api/products/"
    assert.num_queries(2, function()
      client:get "/api/products/"
    end)
  end)

  it("shows one", function()
    local product = factories.product { price = decimal "9.90" }
    local shown = client:get("/api/products/" .. product.pk .. "/"):json()
    assert.equal(product.name, shown.name)
    assert.equal("9.90", shown.price)
    assert.equal(product.category.name, shown.category.name)
  end)

  it("takes orders", function()
    local product = factories.product { price = decimal "9.90", stock_quantity = 2 }
    local sent = { name = "Ada", email = "ada@example.com", items = { { product = product.pk, quantity = 2 } } }
    local response = client:post("/api/orders/", { json = sent })
    assert.equal(201, response.status_code)
    local shown = client:get("/api/orders/" .. response:json().number .. "/"):json()
    assert.equal("19.80", shown.total_amount)
    assert.equal("paid", shown.status)
    local refused = client:post("/api/orders/", { json = sent })
    assert.equal(409, refused.status_code)
    assert.equal(0, refused:json().available)
  end)

  it("names the fields that are wrong", function()
    local response = client:post("/api/orders/", { json = { name = "", email = 5, items = {} } })
    assert.equal(400, response.status_code)
    local errors = response:json().errors
    assert.equal("This field is required.", errors.name[1])
    assert.equal("This must be text.", errors.email[1])
    assert.equal(0, models.Order.objects:count())
  end)

  it("has reports, for the staff", function()
    factories.order { { factories.product(), 1 } }
    assert.equal(1, #client:get("/api/reports/products/"):json().results)
    assert.equal(404, client:get("/api/reports/nothing/").status_code)
    test.override_settings({ api_token = "secret" }, function()
      assert.equal(401, client:get("/api/reports/products/").status_code)
    end)
  end)
end)
