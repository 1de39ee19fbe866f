from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("scoring", "0003_read_the_files_again")]

    operations = [
        migrations.DeleteModel("LedgerEntry"),
        migrations.DeleteModel("UsageMonth"),
        migrations.DeleteModel("Association"),
        migrations.DeleteModel("MonthOfData"),
        migrations.DeleteModel("Certificate"),
        migrations.DeleteModel("Tenant"),
        migrations.DeleteModel("Portfolio"),
    ]
