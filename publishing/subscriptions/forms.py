"""Forms of the account pages."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, UserCreationForm
from django.contrib.auth.models import User

# One text for a wrong name, a wrong password and a closed door: it tells a guesser nothing.
WRONG = "That name and password do not match. After several failed tries, wait 15 minutes."


class LoginForm(AuthenticationForm):
    """Name and password."""

    error_messages = {"invalid_login": WRONG, "inactive": WRONG}


class SignupForm(UserCreationForm):  # type: ignore[type-arg] # not generic at run time
    """Name, address for account mail, and a password twice."""

    email = forms.EmailField(help_text="For account mail only.")

    class Meta:
        """The fields a person fills in."""

        model = User
        fields = ("username", "email")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].help_text = "Letters, digits and @ . + - _"
