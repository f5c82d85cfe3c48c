"""Routes of accounts and plans."""

from django.urls import path

from publishing.bot import views as bot
from publishing.subscriptions import views

urlpatterns = [
    path("account/login/", views.Login.as_view(), name="login"),
    path("account/logout/", views.Logout.as_view(), name="logout"),
    path("account/signup/", views.signup, name="signup"),
    path("account/", views.account, name="account"),
    path("account/password/", views.Password.as_view(), name="password"),
    path("account/webhooks/", views.webhooks, name="webhooks"),
    path("account/telegram/", bot.link, name="telegram"),
    path("telegram/webhook/", bot.webhook, name="telegram-webhook"),
    path("pricing/", views.pricing, name="pricing"),
]
