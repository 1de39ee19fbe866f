from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cooperation", "0007_evidence_stands")]
    operations = [
        migrations.AlterField(
            model_name="signature",
            name="method",
            field=models.CharField(
                choices=[
                    ("password", "Password entered again"),
                    ("passkey", "Passkey used again"),
                    ("totp", "Code of an authenticator app entered"),
                    ("entra", "Signed in again with Microsoft Entra ID"),
                ],
                default="password",
                max_length=20,
            ),
        ),
    ]
