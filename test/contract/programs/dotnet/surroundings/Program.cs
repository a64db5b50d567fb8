using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using Pulumi;

var midnight = new DateTime(2026, 7, 1, 0, 0, 0, DateTimeKind.Utc);
string In(string zone) => $"{TimeZoneInfo.ConvertTimeFromUtc(midnight, TimeZoneInfo.FindSystemTimeZoneById(zone)):HH:mm}";

File.WriteAllText("żółw.txt", "jaźń");
return await Deployment.RunAsync(() => new Dictionary<string, object?>
{
    ["answer"] = string.Join("; ",
        0.5.ToString(CultureInfo.GetCultureInfo("pl-PL")),
        In("Europe/Warsaw"),
        In("Central European Standard Time"),
        File.ReadAllText("żółw.txt")),
});
