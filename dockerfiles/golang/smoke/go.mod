module smoke

go 1.20
