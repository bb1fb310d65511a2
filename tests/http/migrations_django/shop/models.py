# SPDX-License-Identifier: MIT
from django.db import models
from django.db.models import Q, F
class Category(models.Model):
    name = models.CharField(max_length=50, unique=True)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="children")
    class Meta: verbose_name_plural = "categories"
class Tag(models.Model):
    slug = models.SlugField(primary_key=True, max_length=20)
class Product(models.Model):
    name = models.CharField(max_length=200, db_index=True)
    category = models.ForeignKey("Category", on_delete=models.CASCADE, related_name="products")
    price = models.DecimalField(max_digits=10, decimal_places=2)
    stock = models.PositiveIntegerField(default=0)
    is_active = models.BooleanField(default=True)
    tags = models.ManyToManyField("Tag", blank=True)
    related = models.ManyToManyField("self", blank=True)
    places = models.ManyToManyField("stock.Place", through="stock.Stored")
    created_at = models.DateTimeField(auto_now_add=True)
    class Meta:
        ordering=["-created_at"]; unique_together=[("name","category")]
        indexes=[models.Index(fields=["category","-price"]), models.Index(fields=["stock"], name="stock_active", condition=Q(is_active=True, price__gt=5))]
        constraints=[models.CheckConstraint(check=Q(price__gte=0)&~Q(name=""), name="price_pos"),
          models.CheckConstraint(check=Q(stock__lt=F("price")*1000)|Q(name__startswith="a%")|Q(name__in=["a","b"]), name="stock_lt"),
          models.UniqueConstraint(fields=["name","category"], name="uniq", condition=Q(is_active=True)),
          models.UniqueConstraint(fields=["name","price"], name="uniq_plain")]
class Extra(models.Model):
    product = models.OneToOneField("Product", on_delete=models.CASCADE)
    sku = models.CharField(max_length=10, unique=True, db_column="SKU")
    class Meta: db_table="extras"
class Everything(models.Model):
    id = models.UUIDField(primary_key=True)
    big = models.BigIntegerField(null=True); small = models.SmallIntegerField(default=1, db_index=True)
    pbig = models.PositiveBigIntegerField(null=True); psmall = models.PositiveSmallIntegerField(null=True)
    bin = models.BinaryField(null=True); bool = models.BooleanField(null=True); char = models.CharField(max_length=5, choices=[("a","A"),("b","B")], default="a")
    date = models.DateField(null=True); dt = models.DateTimeField(null=True, auto_now=True); time = models.TimeField(null=True)
    dur = models.DurationField(null=True); email = models.EmailField(blank=True); file = models.FileField(upload_to="x/", null=True)
    fp = models.FilePathField(path="/tmp", null=True); float = models.FloatField(null=True); ip = models.GenericIPAddressField(null=True)
    json = models.JSONField(null=True); text = models.TextField(blank=True, db_index=True); url = models.URLField(null=True, unique=True)
    tag = models.ForeignKey("Tag", on_delete=models.PROTECT, null=True, db_constraint=False)
    tag2 = models.ForeignKey("Tag", on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    cat = models.ForeignKey("Category", on_delete=models.SET_DEFAULT, default=1, to_field="name", related_name="+")
class Special(Product):
    discount = models.FloatField(default=0.5)
class Cheap(Product):
    class Meta: proxy=True; ordering=["price"]
class Step(models.Model):
    product = models.ForeignKey("Product", on_delete=models.CASCADE)
    what = models.CharField(max_length=10)
    class Meta: order_with_respect_to="product"
class Foreign(models.Model):
    x = models.IntegerField()
    class Meta: managed=False; db_table="elsewhere"
