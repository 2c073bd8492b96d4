@echo off
rem Builds what is missing, then runs sss.
setlocal
set "root=%~dp0"
set NUGET_PACKAGES=
set DOTNET_NOLOGO=1
if not exist "%root%build\out\sss\sss.dll" (
  pushd "%root%"
  dotnet tool restore >nul && dotnet restore build\feed.csproj >nul && dotnet paket restore >nul || exit /b 1
  dotnet publish src\Sss.Cli -c Release -v q -o build\out\sss >nul || exit /b 1
  popd
)
dotnet "%root%build\out\sss\sss.dll" %*
