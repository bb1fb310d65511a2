/* SPDX-License-Identifier: MIT */
/* Queries against a real SQLite: what most easily goes wrong in an ORM, and what Django gives
 * for the same rows. */
#include "db_world.h"
#include "orm_world.h"

/* ---- a small shop ---- */

static void create_tables(struct db_world *w, const struct orm *orm)
{
    for (uint32_t i = 0; i < orm->n_models; i++) {
        const struct model *m = orm->models[i];
        struct buf sql = BUF_INIT;
        buf_adds(&sql, "CREATE TABLE ");
        dialect_quote(&sql, m->table);
        for (uint32_t k = 0; k < m->n_local; k++) {
            const struct field *f = m->local[k];
            buf_adds(&sql, k ? ", " : " (");
            dialect_quote(&sql, f->column);
            buf_addc(&sql, ' ');
            dialect_column_type(&dialect_sqlite, f, &sql);
            buf_adds(&sql, f->primary_key ? " PRIMARY KEY" : f->null ? " NULL" : " NOT NULL");
        }
        buf_addc(&sql, ')');
        must(w->db, sql.data);
        buf_release(&sql);
    }
}

static const char *const rows[] = {
    "INSERT INTO shop_category VALUES (1, 'Moon', NULL), (2, 'Rocks', 1), (3, 'Empty', 1)",
    "INSERT INTO shop_brand VALUES (1, 'Luna', 'fr'), (2, 'Sol', NULL)",
    "INSERT INTO shop_tag VALUES (1, 'red'), (2, 'blue'), (3, 'new')",
    "INSERT INTO shop_product VALUES "
    "(1, 'P1', 1, 1, 10, 1.5, 5, 1, 'x', '{\"a\": 1, \"b\": [true, null]}', '2024-01-15 23:30:00',"
    " '2024-01-15', 86400000000, '10:00:00', '12345678123456781234567812345678'),"
    "(2, 'P2', 1, NULL, 20.5, NULL, 0, 0, NULL, '{\"a\": \"z%\"}', '2024-02-01 00:00:00',"
    " '2023-12-31', NULL, NULL, NULL),"
    "(3, 'P3', 2, 2, 30, 2.5, 7, 1, 'y', NULL, '2023-12-31 23:59:59.999999', NULL, NULL, NULL, "
    "NULL)",
    "INSERT INTO shop_product_tags VALUES (1, 1, 1), (2, 1, 2), (3, 2, 1)",
    "INSERT INTO shop_profile VALUES (1, 1, 'about P1')",
    "INSERT INTO shop_order VALUES (1, 'ann', '2024-01-01 10:00:00'), "
    "(2, 'bob', '2024-01-02 10:00:00')",
    /* P1: two of 50 and one of 10; P2: two of 10 */
    "INSERT INTO shop_orderitem VALUES (1, 1, 1, 2, 10), (2, 1, 1, 1, 50), (3, 2, 2, 2, 50), "
    "(4, 2, 1, 3, 20)",
    "INSERT INTO shop_place VALUES (1, 'Diner'), (2, 'Park')",
    "INSERT INTO shop_restaurant VALUES (1, 3)",
    "INSERT INTO shop_person VALUES (1, 'a'), (2, 'b'), (3, 'c')",
    "INSERT INTO shop_person_friends VALUES (1, 1, 2), (2, 2, 1)",
};

/* ---- rows as text ---- */

static void add_value(struct buf *out, const struct value *v)
{
    struct decimal d;
    switch (v->kind) {
    case VALUE_NULL:
        buf_adds(out, "-");
        break;
    case VALUE_TRUE:
    case VALUE_FALSE:
        buf_adds(out, v->kind == VALUE_TRUE ? "T" : "F");
        break;
    case VALUE_DOUBLE:
        buf_addf(out, "%g", v->d);
        break;
    case VALUE_DECIMAL:
        memcpy(&d, v->text.p, v->text.n);
        decimal_add_text(out, &d);
        break;
    case VALUE_TEXT:
    case VALUE_BLOB:
        buf_addstr(out, v->text);
        break;
    case VALUE_JSON:
        buf_addf(out, "json:%.*s", STR_ARG(v->text));
        break;
    case VALUE_DATETIME: {
        struct datetime when;
        datetime_from_epoch_micros(v->i, tz_utc(), &when, NULL);
        datetime_add_iso(out, &when, 'T');
        break;
    }
    case VALUE_DATE: {
        struct date day;
        date_from_ordinal(v->i, &day, NULL);
        date_add_iso(out, day);
        break;
    }
    default:
        buf_addint(out, v->i);
    }
}

struct runner {
    struct db_world *w;
    struct orm *orm;
    struct statements *statements;
    struct convert_zone zone;
    struct arena scratch;
    struct buf out;
    struct err err;
};

static int run_code(struct runner *r, const struct code *c)
{
    struct db_value values[64];
    struct db_cursor cur;
    const struct statement *st;
    int status;
    buf_reset(&r->out);
    if (statements_check(r->statements, c, &r->err) < 0 ||
        !(st = statements_get(r->statements, c, &r->err)))
        return -1;
    if (st->empty) {
        buf_adds(&r->out, "empty");
        return 0;
    }
    if (statement_bind(st, c, &dialect_sqlite, &r->zone, &r->scratch, values, &r->err) < 0 ||
        db_query(r->w->db, st->db, values, st->n_params, &cur, &r->err) < 0)
        return -1;
    bool first = true;
    while ((status = db_step(&cur, &r->err)) == 1) {
        buf_adds(&r->out, first ? "" : " ");
        first = false;
        for (uint32_t i = 0; i < st->n_columns; i++) {
            struct value v = statement_value(&cur.row[i]), shown;
            if (convert_column(&dialect_sqlite, &st->columns[i].type, v, &r->scratch, &shown,
                               &r->err) < 0)
                fail_msg("%s", r->err.msg);
            buf_adds(&r->out, i ? "," : "");
            add_value(&r->out, &shown);
        }
    }
    if (st->kind == STATEMENT_CHANGE && !st->n_columns)
        buf_addf(&r->out, "%lld rows", (long long)cur.changes);
    return status;
}

static void run_text(struct runner *r, const char *query)
{
    struct code *c = world_query(r->orm, query);
    if (!c)
        fail_msg("no query: %s", query);
    if (run_code(r, c) < 0) {
        buf_reset(&r->out);
        buf_addf(&r->out, "ERROR %s", err_name(r->err.code));
    }
    free(c);
}

static void shop_open(struct runner *r, struct db_world *w)
{
    *r = (struct runner){.w = w, .orm = world_new(), .out = BUF_INIT};
    assert_non_null(r->orm);
    r->statements = statements_new(r->orm, &dialect_sqlite, 0);
    r->zone = (struct convert_zone){.tz = tz_utc(), .tz_name = STR("UTC")};
    arena_init(&r->scratch, 0);
    create_tables(w, r->orm);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        must(w->db, rows[i]);
}

static void shop_close(struct runner *r)
{
    statements_free(r->statements);
    orm_free(r->orm);
    arena_release(&r->scratch);
    buf_release(&r->out);
}

struct expected {
    const char *query, *rows;
};

static void check_all(struct db_world *w, const struct expected *e, size_t n)
{
    struct runner r;
    int wrong = 0;
    shop_open(&r, w);
    for (size_t i = 0; i < n; i++) {
        run_text(&r, e[i].query);
        if (strcmp(r.out.data, e[i].rows) == 0)
            continue;
        print_error("%s\n  got  %s\n  want %s\n  %s\n", e[i].query, r.out.data, e[i].rows,
                    r.err.msg);
        wrong++;
    }
    shop_close(&r);
    assert_int_equal(wrong, 0);
}
#define CHECK(w, table) check_all(w, table, sizeof table / sizeof *table)

/* ---- the rows of the reference ---- */

db_test(one_filter_is_one_row)
{
    static const struct expected e[] = {
        {"(Product (filter (items__quantity 2) (items__price (d \"50\"))) (values id))", "2"},
        {"(Product (filter (items__quantity 2)) (filter (items__price (d \"50\"))) (order_by id)"
         " (values id))",
         "1 2"},
        {"(Product (filter (items__quantity__gte 1)) (order_by id) (values id))", "1 1 1 2"},
        {"(Product (filter (items__quantity__gte 1)) (distinct) (order_by id) (values id))", "1 2"},
        {"(Product (filter (tags__name \"red\")) (filter (tags__name \"blue\")) (values id))", "1"},
        {"(Product (filter (tags__name \"red\") (tags__id 2)) (values id))", ""},
    };
    CHECK(w, e);
}

db_test(excluding_many_rows)
{
    static const struct expected e[] = {
        /* both conditions hold for P1, by different rows */
        {"(Product (exclude (items__quantity 2) (items__price (d \"50\"))) (order_by id)"
         " (values id))",
         "3"},
        {"(Product (exclude (tags__name \"red\")) (values id))", "3"},
        {"(Product (exclude (items__order__customer \"bob\")) (values id))", "3"},
        {"(Category (exclude (products__tags__name \"blue\")) (order_by id) (values id))", "2 3"},
        {"(Person (exclude (friends__name \"b\")) (order_by id) (values id))", "2 3"},
        {"(Product (filter (not (or (tags__name \"blue\") (stock 7)))) (values id))", "2"},
    };
    CHECK(w, e);
}

db_test(null_is_no_value)
{
    static const struct expected e[] = {
        {"(Product (exclude (note \"x\")) (order_by id) (values id))", "2 3"},
        {"(Product (exclude (brand__name \"Luna\")) (order_by id) (values id))", "2 3"},
        {"(Product (exclude (brand__in [1 null])) (order_by id) (values id))", "3"},
        {"(Product (filter (brand__in [1 null])) (values id))", "1"},
        {"(Product (filter (note null)) (values id))", "2"},
        {"(Product (filter (brand__country null)) (order_by id) (values id))", "2 3"},
        {"(Product (exclude (brand__country null)) (order_by id) (values id))", "1"},
        {"(Category (filter (products__isnull true)) (values id))", "3"},
        {"(Product (filter (profile__isnull true)) (order_by id) (values id))", "2 3"},
        {"(Product (exclude (note (f name))) (order_by id) (values id))", "1 2 3"},
    };
    CHECK(w, e);
}

db_test(joins_of_alternatives_lose_no_row)
{
    static const struct expected e[] = {
        {"(Product (filter (or (brand__name \"Luna\") (stock 0))) (order_by id) (values id))",
         "1 2"},
        {"(Product (filter (or (tags__name \"blue\") (items__quantity 2))) (distinct)"
         " (order_by id) (values id))",
         "1 2"},
        {"(Product (filter (xor (active true) (stock 7))) (values id))", "1"},
        {"(Product (filter (xor (active true) (stock 7) (id 3))) (order_by id) (values id))",
         "1 3"},
    };
    CHECK(w, e);
}

db_test(aggregates_over_several_relations_multiply)
{
    static const struct expected e[] = {
        {"(Product (annotate (i (agg Count items)) (t (agg Count tags))) (order_by id)"
         " (values i t))",
         "6,6 1,1 0,0"},
        {"(Product (annotate (i (agg Count items (distinct))) (t (agg Count tags (distinct))))"
         " (order_by id) (values i t))",
         "3,2 1,1 0,0"},
    };
    CHECK(w, e);
}

db_test(grouping)
{
    static const struct expected e[] = {
        {"(Product (values category) (annotate (n (agg Count id))) (order_by category))",
         "1,2 2,1"},
        {"(Product (annotate (n (agg Count items))) (order_by id) (values name n))",
         "P1,3 P2,1 P3,0"},
        {"(Product (values category) (annotate (n (agg Count id))) (order_by id))", "1,1 1,1 2,1"},
        {"(Order (values customer) (annotate (n (agg Count items))) (order_by customer))",
         "ann,2 bob,2"}, /* not broken by Meta.ordering */
        {"(Category (filter (products__price__gt 15)) (annotate (n (agg Count products)))"
         " (order_by id) (values id n))",
         "1,1 2,1"},
        {"(Category (annotate (n (agg Count products))) (filter (n__gt 1)) (values id n))", "1,2"},
        {"(Category (annotate (n (agg Count products))) (aggregate (a (agg Avg n)) (m (agg Max "
         "n))))",
         "1,2"},
        {"(Category (annotate (n (agg Count products))) (filter (n 0)) (count))", "1"},
        {"(Product (annotate (n (agg Count items (where (items__quantity__gt 1))))) (order_by id)"
         " (values n))",
         "2 1 0"},
    };
    CHECK(w, e);
}

db_test(aggregates_of_nothing)
{
    static const struct expected e[] = {
        {"(Product (filter (id 99)) (aggregate (s (agg Sum price)) (n (agg Count id))))", "-,0"},
        {"(Product (filter (id 99)) (aggregate (s (agg Sum stock (default 5)))))", "5"},
        {"(Product (filter (id__in [])) (values id))", "empty"},
        {"(Product (filter (id__in [])) (count))", "empty"},
        {"(Product (exclude (id__in [])) (count))", "3"},
        {"(Product (filter (or (id__in []) (id 1))) (values id))", "1"},
        {"(Product (none))", "empty"},
        {"(Product (filter (id__in [])) (aggregate (s (agg Sum stock (default 5)))))", "5"},
        {"(Product (slice 0 2) (aggregate (s (agg Sum stock))))", "5"},
        {"(Product (aggregate (s (agg Sum price)) (a (agg Avg price)) (m (agg Min weight))))",
         "60.5,20.1666666666667,1.5"},
    };
    CHECK(w, e);
}

db_test(slices_and_orders)
{
    static const struct expected e[] = {
        {"(Product (order_by -price) (slice 1 3) (values id))", "2 1"},
        {"(Product (order_by id) (slice 1) (values id))", "2 3"},
        {"(Product (order_by id) (slice 0 3) (slice 1 2) (values id))", "2"},
        {"(Product (values id) (last))", "3"},
        {"(Product (order_by price) (values id) (last))", "3"},
        {"(Order (values id) (first))", "2"},
        {"(Order (values id) (last))", "1"},
        {"(Product (values id) (latest created))", "2"},
        {"(OrderItem (order_by order id) (values id))", "3 4 1 2"}, /* by Order's ordering */
        {"(Product (order_by brand id) (values id))", "2 1 3"},
        {"(Product (order_by (nulls_last brand__name)) (values id))", "1 3 2"},
        {"(Product (values name) (distinct) (order_by price))", "P1 P2 P3"},
        {"(Product (slice 0 2) (exists))", "1"},
        {"(Product (slice 0 2) (filter (id 1)))", "ERROR type"},
    };
    CHECK(w, e);
}

db_test(subqueries)
{
    static const struct expected e[] = {
        {"(Product (annotate (m (sub (OrderItem (filter (product (outer pk))) (order_by -price)"
         " (values price) (slice 0 1))))) (order_by id) (values id m))",
         "1,50 2,50 3,-"},
        {"(Product (filter (not (exists (OrderItem (filter (product (outer pk))))))) (values id))",
         "3"},
        {"(Category (filter (exists (Product (filter (category (outer pk)) (exists (OrderItem"
         " (filter (product (outer pk)) (order__customer \"bob\"))))))))"
         " (values id))",
         "1"},
        {"(Category (annotate (m (sub (Product (filter (category (outer pk))) (values category)"
         " (annotate (mx (agg Max price))) (values mx))))) (order_by id) (values m))",
         "20.5 30 -"},
        {"(Product (filter (id__in (q (OrderItem (filter (quantity 2)) (values product)))))"
         " (order_by id) (values id))",
         "1 2"},
        {"(Product (filter (category__in (q (Category (filter (name \"Rocks\")))))) (values id))",
         "3"},
    };
    CHECK(w, e);
}

db_test(windows)
{
    static const struct expected e[] = {
        {"(Product (annotate (r (win (fn Rank) (partition category) (order -price))))"
         " (filter (r 1)) (order_by id) (values id r))",
         "2,1 3,1"},
        {"(Product (annotate (r (win (agg Sum stock) (order id)))) (order_by id) (values r))",
         "5 5 12"},
        {"(OrderItem (annotate (r (win (agg Sum quantity) (order price)))) (order_by id)"
         " (values r))",
         "2 8 8 5"}, /* ties share a value */
        {"(Product (annotate (r (win (fn RowNumber) (order -price)))) (filter (r__lte 2)) (count))",
         "2"},
        {"(Product (annotate (r (win (fn Lag price) (order id)))) (order_by id) (values r))",
         "- 10 20.5"},
        {"(Product (annotate (r (win (agg Sum stock) (order id) (rows -1 0)))) (order_by id)"
         " (values r))",
         "5 5 7"},
    };
    CHECK(w, e);
}

db_test(combinations)
{
    static const struct expected e[] = {
        {"(Product (values name) (union (Category (values name))) (order_by name) (slice 0 2))",
         "Empty Moon"},
        {"(Product (filter (id 1)) (union (Product (filter (id 2)))) (count))", "2"},
        {"(Product (values id) (intersection (Category (values id))) (order_by id))", "1 2 3"},
        {"(Product (values id) (difference (Tag (filter (id__lt 3)) (values id))))", "3"},
        {"(Product (filter (id 1)) (union (Product (filter (id 2)))) (filter (id 1)))",
         "ERROR unsupported"},
        {"(Product (values id) (union (Tag (none) (values id))) (order_by -id))", "3 2 1"},
    };
    CHECK(w, e);
}

db_test(updates_and_deletes)
{
    static const struct expected e[] = {
        {"(Product (filter (category__name \"Moon\")) (update (stock (+ stock 1))))", "2 rows"},
        {"(Product (order_by id) (values stock))", "6 1 7"},
        {"(Product (filter (tags__name \"blue\")) (update (note null) (price (* price 2))))",
         "1 rows"},
        {"(Product (filter (id 1)) (values note price))", "-,20.00"},
        {"(Product (update (name (f category__name))))", "ERROR field"},
        {"(Product (filter (id__in [])) (update (name \"x\")))", "empty"},
        {"(Product (annotate (n (agg Count items))) (filter (n 0)) (update (note \"none\")))",
         "1 rows"},
        {"(Product (filter (note \"none\")) (values id))", "3"},
        {"(Product (update (brand (inst Brand 2))))", "3 rows"},
        {"(OrderItem (filter (order__customer \"ann\")) (delete))", "2 rows"},
        {"(OrderItem (delete))", "2 rows"},
    };
    CHECK(w, e);
}

db_test(text_is_taken_literally)
{
    static const struct expected e[] = {
        {"(Product (filter (data__a__contains \"%\")) (values id))", "2"},
        {"(Product (filter (name__contains \"%\")) (values id))", ""},
        {"(Product (filter (name__contains \"_\")) (values id))", ""},
        {"(Product (filter (name__icontains \"p\")) (order_by id) (values id))", "1 2 3"},
        {"(Product (filter (name__startswith \"P1\")) (values id))", "1"},
        {"(Product (filter (name__regex \"^P[12]$\")) (order_by id) (values id))", "1 2"},
        {"(Product (filter (name__iregex \"^p3$\")) (values id))", "3"},
        {"(Product (filter (name \"x' OR 1=1 --\")) (values id))", ""},
    };
    CHECK(w, e);
}

db_test(dates_and_zones)
{
    static const struct expected e[] = {
        {"(Product (filter (created__year 2024)) (order_by id) (values id))", "1 2"},
        {"(Product (filter (created__year__lt 2024)) (values id))", "3"},
        {"(Product (filter (created__date (date \"2024-01-15\"))) (values id))", "1"},
        {"(Product (filter (created__month 12)) (values id))", "3"},
        {"(Product (filter (released__week_day 1)) (values id))", "2"},
        {"(Product (dates released year))", "2023-01-01 2024-01-01"},
        {"(Product (filter (id 1)) (values created released))",
         "2024-01-15T23:30:00+00:00,2024-01-15"},
        {"(Product (filter (created__gt (dt \"2024-01-20T00:00:00+00:00\"))) (values id))", "2"},
        {"(Product (annotate (m (fn TruncMonth created))) (values m) (annotate (n (agg Count id)))"
         " (order_by m))",
         "2023-12-01T00:00:00+00:00,1 2024-01-01T00:00:00+00:00,1 2024-02-01T00:00:00+00:00,1"},
        {"(Product (filter (lead (dur \"1 00:00:00\"))) (values id lead))", "1,86400000000"},
        {"(Product (filter (id 1)) (annotate (e (+ created (v (dur \"01:00:00\"))))) (values e))",
         "2024-01-16T00:30:00+00:00"},
        {"(Product (filter (opens__hour 10)) (values id code))",
         "1,12345678-1234-5678-1234-567812345678"},
    };
    CHECK(w, e);
}

db_test(the_current_zone_counts)
{
    struct runner r;
    struct zones *zones = zones_new(NULL);
    shop_open(&r, w);
    assert_int_equal(zones_get(zones, STR("Europe/Paris"), &r.zone.tz, &r.err), 0);
    r.zone.tz_name = STR("Europe/Paris");
    run_text(&r, "(Product (filter (created__date (date \"2024-01-16\"))) (values id))");
    assert_string_equal(r.out.data, "1");
    run_text(&r, "(Product (filter (created__year 2023)) (values id))");
    assert_string_equal(r.out.data, "");
    run_text(&r, "(Product (filter (created__year 2024)) (order_by id) (values id))");
    assert_string_equal(r.out.data, "1 2 3");
    shop_close(&r);
    zones_free(zones);
}

db_test(json_documents)
{
    static const struct expected e[] = {
        {"(Product (filter (data__a 1)) (values id))", "1"},
        {"(Product (filter (data__a \"z%\")) (values id))", "2"},
        {"(Product (filter (data__b__0 true)) (values id))", "1"},
        {"(Product (filter (data__b__1 null)) (values id))", "1"},
        {"(Product (filter (data__b__isnull true)) (order_by id) (values id))", "2 3"},
        {"(Product (filter (data__has_key \"b\")) (values id))", "1"},
        {"(Product (filter (data__has_any_keys [\"a\" \"c\"])) (order_by id) (values id))", "1 2"},
        {"(Product (filter (data__a__in [1 5])) (values id))", "1"},
        {"(Product (exclude (data__a 1)) (order_by id) (values id))", "2 3"},
        {"(Product (filter (id 1)) (values data__b data__a))", "json:[true,null],1"},
    };
    CHECK(w, e);
}

db_test(inheritance_and_select_related)
{
    static const struct expected e[] = {
        {"(Restaurant (filter (name \"Diner\")) (values pk name stars))", "1,Diner,3"},
        {"(Place (filter (restaurant__stars 3)) (values id))", "1"},
        {"(Place (select_related restaurant) (order_by id))", "1,Diner,1,3 2,Park,-,-"},
        {"(Product (only name) (select_related) (order_by id) (slice 0 1))", "1,P1,1,Moon,-"},
        {"(Product (only name category brand) (select_related brand) (order_by id))",
         "1,P1,1,1,1,Luna,fr 2,P2,1,-,-,-,- 3,P3,2,2,2,Sol,-"},
        {"(Profile (select_related product__category) (only text product__name"
         " product__category__name))",
         "1,1,about P1,1,P1,1,1,Moon"},
    };
    CHECK(w, e);
}

db_test(filtered_relations)
{
    static const struct expected e[] = {
        {"(Product (filtered big items (items__quantity__gt 2)) (annotate (n (agg Count big)))"
         " (order_by id) (values id n))",
         "1,1 2,0 3,0"},
        {"(Product (filtered big items (items__quantity__gt 2)) (filter (big__isnull false))"
         " (values id big__price))",
         "1,20.00"},
    };
    CHECK(w, e);
}

db_test(functions)
{
    static const struct expected e[] = {
        {"(Product (filter (id 1)) (annotate (a (fn Upper (fn Concat name \"-\" (cast CharField "
         "stock))))"
         " (b (fn Length name)) (g (fn Coalesce note (cast TextField name)))) (values a b g))",
         "P1-5,2,x"},
        {"(Product (filter (id 3)) (annotate (a (fn LPad name 4 \"*\")) (b (fn Reverse name))"
         " (g (fn Right name 1)) (h (fn StrIndex name \"3\")) (i (fn Repeat name 2)))"
         " (values a b g h i))",
         "**P3,3P,3,2,P3P3"},
        {"(Product (filter (id 3)) (annotate (a (fn Sqrt (cast FloatField 16))) (b (fn Mod stock "
         "4))"
         " (g (fn Power stock 2)) (h (fn Sign stock))) (values a b g h))",
         "4,3,49,1"},
        {"(Product (annotate (x (case (when (price__gt 25) (v \"big\")) (when (stock 0) (v "
         "\"out\"))"
         " (else \"ok\")))) (order_by id) (values x))",
         "ok out big"},
        {"(Product (aggregate (s (agg StdDev stock)) (v (agg Variance stock))))",
         "2.94392,8.66667"},
        {"(Product (filter (id 1)) (annotate (h (fn MD5 name))) (values h))",
         "5f2b9323c39ee3c861a7b382d205c3d3"},
    };
    CHECK(w, e);
}

/* ---- inserting ---- */

static int insert(struct runner *r, unsigned flags, uint32_t n, const char *const *names)
{
    struct code_builder b;
    code_builder_init(&b);
    const struct model *m = orm_model(r->orm, STR("shop"), STR("Tag"), NULL);
    code_start_insert(&b, m->id, n, 2, flags, 1, 1);
    code_name(&b, STR("id"));
    code_name(&b, STR("name"));
    code_name(&b, STR("id"));
    code_name(&b, STR("name"));
    code_rows(&b);
    for (uint32_t i = 0; i < n; i++) {
        struct value id = {.kind = VALUE_INT, .i = 3 + i};
        struct value name = {.kind = VALUE_TEXT, .text = str_from(names[i])};
        code_slot(&b, &id);
        code_slot(&b, &name);
    }
    struct code *c = malloc(code_builder_size(&b));
    code_finish(&b, c);
    int bad = run_code(r, c);
    free(c);
    code_builder_release(&b);
    return bad;
}

db_test(inserts_and_conflicts)
{
    static const char *const names[] = {"three", "four"};
    struct runner r;
    shop_open(&r, w);
    assert_int_equal(insert(&r, 0, 2, names), -1);
    assert_int_equal(r.err.code, ERR_DB_UNIQUE);
    assert_int_equal(insert(&r, CODE_INSERT_IGNORE, 2, names), 0);
    assert_string_equal(r.out.data, "1 rows");
    assert_int_equal(insert(&r, CODE_INSERT_UPDATE | CODE_INSERT_RETURNING, 2, names), 0);
    assert_string_equal(r.out.data, "3 4");
    run_text(&r, "(Tag (order_by id) (values name))");
    assert_string_equal(r.out.data, "red blue three four");
    shop_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        db_unit(one_filter_is_one_row),
        db_unit(excluding_many_rows),
        db_unit(null_is_no_value),
        db_unit(joins_of_alternatives_lose_no_row),
        db_unit(aggregates_over_several_relations_multiply),
        db_unit(grouping),
        db_unit(aggregates_of_nothing),
        db_unit(slices_and_orders),
        db_unit(subqueries),
        db_unit(windows),
        db_unit(combinations),
        db_unit(updates_and_deletes),
        db_unit(text_is_taken_literally),
        db_unit(dates_and_zones),
        db_unit(the_current_zone_counts),
        db_unit(json_documents),
        db_unit(inheritance_and_select_related),
        db_unit(filtered_relations),
        db_unit(functions),
        db_unit(inserts_and_conflicts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
