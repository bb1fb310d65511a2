-- SPDX-License-Identifier: MIT
local test = require "perilune.test"
local decimal = require "perilune.decimal"
local factories = require "shop.tests.factories"
local models = require "shop.models"
local describe, it, assert = test.describe, test.it, test.assert

local client = test.client

describe("the list", function()
  it("shows products", function()
    factories.product { name = "Silver Lamp", price = decimal "1234.50" }
    local response = client:get "/"
    assert.equal(200, response.status_code)
    assert.template_used(response, "shop/index.html")
    assert.contains(response, "Silver Lamp")
    assert.contains(response, "$1,234.50")
  end)

  it("filters", function()
    local lamps = factories.category { slug = "lamps" }
    factories.product { name = "Cheap Lamp", category = lamps, price = decimal "5" }
    factories.product { name = "Dear Lamp", category = lamps, price = decimal "50" }
    factories.product { name = "Sold Lamp", category = lamps, price = decimal "50", stock_quantity = 0 }
    factories.product { name = "Boot", price = decimal "5" }
    local response = client:get("/", { query = { category = "lamps", min_price = "10", in_stock = "1" } })
    assert.contains(response, "Dear Lamp")
    for _, name in ipairs { "Cheap Lamp", "Sold Lamp", "Boot" } do
      assert.not_contains(response, name)
    end
  end)

  it("asks as much for many products as for few", function()
    local function ask()
      return function()
        client:get("/", { query = { sort = "name" } })
      end
    end
    for _ = 1, 2 do
      factories.product()
    end
    assert.num_queries(3, ask()) -- categories, count, rows
    test.capture_on_commit(function()
      for _ = 1, 20 do
        factories.product()
      end
    end, { execute = true }) -- what the cache had of the list is no more
    client:get "/"
    assert.num_queries(2, ask())
  end)

  it("has pages", function()
    for _ = 1, 30 do
      factories.product()
    end
    assert.contains(client:get "/", '<li class="product">', { count = 24 + 4 }) -- and what is trending
    assert.contains(client:get("/", { query = { page = 2 } }), '<li class="product">', { count = 6 })
  end)

  it("says what is wrong with a filter", function()
    local response = client:get("/", { query = { min_price = "cheap" } })
    assert.equal(400, response.status_code)
    assert.contains(response, "Enter an amount such as 12.50.", { status_code = 400 })
  end)
end)

describe("a product's page", function()
  it("shows it, and counts the look", function()
    local product = factories.product { name = "Lamp", description = "Bright <b>light</b>" }
    local response = client:get("/products/" .. product.slug .. "/")
    assert.contains(response, "<h1>Lamp</h1>", { html = true })
    assert.contains(response, "Bright &lt;b&gt;light&lt;/b&gt;")
    assert.equal(404, client:get("/products/nothing/").status_code)
  end)

  it("asks the database for nothing but reviews the second time", function()
    local product = factories.product()
    client:get("/products/" .. product.slug .. "/")
    assert.num_queries(1, function()
      client:get("/products/" .. product.slug .. "/")
    end)
  end)

  it("takes reviews", function()
    local product = factories.product()
    local response = client:post("/products/" .. product.slug .. "/review/", { data = { author = "Ada", rating = "4", text = "Good" } })
    assert.redirects(response, product:get_absolute_url() .. "#reviews")
    assert.equal(4, product.reviews:get().rating)
    response = client:post("/products/" .. product.slug .. "/review/", { data = { author = "Ada", rating = "9" } })
    assert.contains(response, "Enter a number from 1 to 5.", { status_code = 400 })
    assert.contains(response, 'value="Ada"', { status_code = 400 }) -- what was typed stays
    assert.equal(1, product.reviews:count())
  end)
end)

describe("the cart", function()
  it("goes from page to page, and becomes an order", function()
    local visitor = test.Client()
    local product = factories.product { name = "Lamp", price = decimal "10.00" }
    assert.redirects(visitor:post("/cart/add/", { data = { product = product.pk, quantity = 2 } }), "/cart/")
    visitor:post("/cart/add/", { data = { product = product.pk } })
    assert.contains(visitor:get "/cart/", "$30.00", { count = 3 })
    visitor:post("/cart/set/", { data = { product = product.pk, quantity = 1 } })
    assert.contains(visitor:get "/cart/", "$20.00", { count = 0 })
    local response = visitor:post("/cart/checkout/", { data = factories.CUSTOMER })
    local order = models.Order.objects:get()
    assert.redirects(response, "/orders/" .. order.number .. "/")
    assert.equal(decimal "10.00", order.total_amount)
    assert.contains(visitor:get "/cart/", "Your cart is empty")
  end)

  it("is one's own", function()
    local product = factories.product()
    test.Client():post("/cart/add/", { data = { product = product.pk } })
    assert.contains(test.Client():get "/cart/", "Your cart is empty")
  end)

  it("asks as much for many things as for one", function()
    local visitor = test.Client()
    for _ = 1, 10 do
      visitor:post("/cart/add/", { data = { product = factories.product().pk } })
    end
    assert.num_queries(1, function()
      visitor:get "/cart/"
    end)
  end)
end)

describe("the dashboard", function()
  it("is the same number of questions whatever was sold", function()
    local product = factories.product()
    factories.order { { product, 1 } }
    local response = client:get "/dashboard/"
    assert.contains(response, "<svg", { count = 2 })
    assert.num_queries(2, function() -- the reports are kept
      client:get "/dashboard/"
    end)
  end)

  it("is for the staff where there is one", function()
    test.override_settings({ api_token = "secret" }, function()
      assert.redirects(client:get "/dashboard/", "/sign-in/?next=%2Fdashboard%2F", { fetch_redirect_response = false })
      assert.equal(200, client:get("/dashboard/", { headers = { Authorization = "Bearer secret" } }).status_code)
    end)
  end)
end)
