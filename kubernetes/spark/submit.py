"""What spark-submit is given: cinelake, as the image runs it."""

from cinelake.container import main

main()
