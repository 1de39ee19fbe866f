from django.db import migrations, models

import documents.models


class Migration(migrations.Migration):
    dependencies = [("documents", "0003_codes")]
    operations = [
        migrations.AlterField(
            model_name="document",
            name="code",
            field=models.CharField(
                default=documents.models.new_code, editable=False, max_length=32, unique=True
            ),
        )
    ]
