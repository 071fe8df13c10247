"""What django_server answers. Django imports it by itself, once the settings are there that the view needs."""

from django.urls import path
from oauth2_provider.views import TokenView

urlpatterns = [path("oauth/token", TokenView.as_view())]
