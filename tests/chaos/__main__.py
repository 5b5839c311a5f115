from tests.chaos.commandline import main

raise SystemExit(main())
